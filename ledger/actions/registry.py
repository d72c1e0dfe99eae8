"""Founding and registry: who takes part, with which keys, where, and by which numbers.

All of these are signed by admin keys only (`actions-1.md` §6.1) and touch no unit.
"""

from __future__ import annotations

from collections.abc import Iterator

from ledger import canonical, instant, keys, note
from ledger.actions import ANYBODY, Action, action
from ledger.effects import Effect, Empower, Enrol
from ledger.errors import Malformed, Problem
from ledger.fields import (
    ActionNames,
    Continues,
    FoundingKeys,
    Index,
    Key32,
    KeyId,
    Manifest,
    Name,
    ParameterName,
    ParticipantKind,
    PhaseName,
    Product,
    Quantity,
    Sealed,
    Signature64,
    Slug,
    Slugs,
    Timestamp,
    Vkey,
    Yes,
)
from ledger.rows import Key, Parameter, Participant, Phase, Site, Variety, numbered
from ledger.scene import Scene


def unfit(scene: Scene, origin: str, participant: str, key: str, possession: str) -> bool:
    """Whether a key may not be registered: unfit, used before, or not in its owner's hands.

    Ledger format §3, rules 1 and 2; a participant's key is never a checkpoint key.
    """
    public = canonical.unb64(key, 32)
    key_id = keys.thumbprint(public)
    if keys.unfit(public) is not None or scene.state.find(Key, "id", key_id):
        return True
    if public == note.Vkey.parse(scene.ledger.checkpoint_key, fit=False).public:
        return True
    try:
        text = keys.possession_text(origin, participant, key_id)
        keys.verify(public, text, canonical.unb64(possession, 64))
    except Malformed:
        return True
    return False


@action(*ANYBODY, admin=True, licensed=False)
class FoundLedger(Action):
    """Found a ledger: its authority, first keys, checkpoint key and edition. The founder. W 4."""

    name_: Name
    authority: Slug
    keys: FoundingKeys
    checkpoint_key: Vkey
    edition: Index
    sandbox: Yes | None = None
    continues: Continues | None = None

    def form(self) -> Iterator[Problem]:
        """The checkpoint key is an Ed25519 vkey."""
        try:
            note.Vkey.parse(self.checkpoint_key, fit=False)
        except Malformed:
            yield Problem("FIELD_INVALID", ("checkpointKey",), expected="a signed-note vkey of type 01")

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """The ledger, its founding authority, and that authority's keys."""
        if scene.index != 0:
            scene.refuse("WRONG_STATE")
            return
        vkey = note.Vkey.parse(self.checkpoint_key, fit=False)
        if vkey.name != scene.ledger.origin or keys.unfit(vkey.public) is not None:
            scene.refuse("KEY_UNFIT", "checkpointKey")
        yield Enrol(row=scene.ledger)
        yield Enrol(row=scene.signer)
        ids = [keys.thumbprint(canonical.unb64(item["key"], 32)) for item in self.keys]
        for place, item in enumerate(self.keys):
            if ids[place] in ids[:place] or unfit(
                scene, scene.ledger.origin, self.authority, item["key"], item["possession"]
            ):
                scene.refuse("KEY_UNFIT", "keys", place)
            yield Enrol(
                row=Key(
                    numbered(0, place),
                    0,
                    None,
                    ids[place],
                    self.authority,
                    canonical.unb64(item["key"], 32),
                    True,
                    None,
                    None,
                    0,
                    None,
                )
            )


@action("MINISTRY", admin=True)
class RegisterParticipant(Action):
    """Enter an organisation in the registry. Ministry. Regeling annex IV, Besluit art. 46."""

    participant: Slug
    kind: ParticipantKind
    name_: Name
    kvk: Sealed | None = None
    contact: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """The participant; keys, sites and powers come by later acts."""
        row = Participant(self.participant, scene.index, None, self.kind, self.name_, 0, None, None, 0, None)
        yield Enrol(row=row, path="participant")


@action("GROWER", "COFFEESHOP", admin=True, licensed=False)
class RegisterSite(Action):
    """Enter a location of one's own. Growers; coffeeshops, which name their municipality. Regeling annex IV."""

    site: Slug
    municipality: Slug | None = None
    address: Sealed

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """The site, neither designated nor admitted yet."""
        if self.municipality is not None:
            scene.named("municipality", self.municipality, "MUNICIPALITY")
        elif scene.signer.kind == "COFFEESHOP":
            scene.refuse("FIELD_MISSING", "municipality")
        row = Site(scene.signer.participant, self.site, scene.index, None, self.municipality, False)
        yield Enrol(row=row, path="site")


@action(*ANYBODY, admin=True, licensed=False)
class RegisterKey(Action):
    """Register a key. The ministry admin keys for anybody, everybody its own: devices with a scope. Own rule."""

    participant: Slug
    key: Key32
    possession: Signature64
    admin_: Yes | None = None
    scope: ActionNames | None = None
    not_after: Timestamp | None = None

    def form(self) -> Iterator[Problem]:
        """A key is an admin key or has a scope, never both."""
        if self.admin_ is not None and self.scope is not None:
            yield Problem("FIELD_INVALID", ("scope",), expected="no scope beside admin")

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """The key."""
        own = self.participant == scene.signer.participant
        if not own and (scene.signer.kind != "MINISTRY" or self.admin_ is None):
            scene.refuse("NOT_ALLOWED", "participant")
        scene.named("participant", self.participant)
        if unfit(scene, scene.ledger.origin, self.participant, self.key, self.possession):
            scene.refuse("KEY_UNFIT", "key")
        public = canonical.unb64(self.key, 32)
        yield Enrol(
            row=Key(
                numbered(scene.index, 0),
                scene.index,
                None,
                keys.thumbprint(public),
                self.participant,
                public,
                self.admin_ is True,
                None if self.scope is None else " ".join(self.scope),
                None if self.not_after is None else instant.millis(self.not_after),
                scene.index,
                None,
            )
        )


@action(*ANYBODY, admin=True, licensed=False)
class RevokeKey(Action):
    """Revoke a key from this entry on. The ministry any, everybody its own. Own rule."""

    key: KeyId
    suspected_from: Index | None = None

    def form_seen(self, seen: int) -> Iterator[Problem]:
        """An entry is named only by an index that the signer has seen."""
        if self.suspected_from is not None and self.suspected_from >= seen:
            yield Problem("FIELD_INVALID", ("suspectedFrom",), expected=f"below {seen}")

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """The key, revoked; the founding authority keeps at least one admin key."""
        found = scene.state.find(Key, "id", self.key)
        if not found:
            scene.refuse("NAME_UNKNOWN", "key")
            return
        key = found[0]
        if scene.signer.kind != "MINISTRY" and key.participant != scene.signer.participant:
            scene.refuse("NOT_ALLOWED", "key")
        if key.revoked is not None or not self._another(scene, key):
            scene.refuse("WRONG_STATE", "key")
        yield Empower(row=key, changes={"revoked": scene.index})

    def _another(self, scene: Scene, key: Key) -> bool:
        """Whether the founding authority keeps an admin key that still counts."""
        if not (key.admin and key.participant == scene.ledger.authority):
            return True
        return any(
            other.admin
            and other.number != key.number
            and other.revoked is None
            and (other.not_after is None or scene.recorded <= other.not_after)
            for other in scene.state.find(Key, "participant", key.participant)
        )


@action("MINISTRY", admin=True)
class DesignateGrower(Action):
    """Designate (aanwijzen) a grower with the sites at which alone it may grow. Ministry. W 5, B 13, 20."""

    grower: Slug
    sites: Slugs

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """The grower may act; its sites may be used."""
        scene.limit("GROWERS_MAX", scene.ledger.designations + 1, "grower")
        grower = scene.named("grower", self.grower, "GROWER")
        if grower is None:
            return
        yield Empower(row=scene.ledger, changes={"designations": scene.ledger.designations + 1})
        yield Empower(row=grower, changes={"designations": grower.designations + 1})
        for place, name in enumerate(self.sites):
            site = scene.site("sites", self.grower, name, place)
            if site is not None:
                if site.designated:
                    scene.refuse("WRONG_STATE", "sites", place)
                yield Empower(row=site, changes={"designated": True})


@action("MUNICIPALITY", admin=True)
class AdmitShop(Action):
    """Admit a coffeeshop at a site in one's municipality. Municipalities. W 6, 6a."""

    shop: Slug
    site: Slug

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """The shop may act, under the phases of this municipality."""
        shop = scene.named("shop", self.shop, "COFFEESHOP")
        if shop is None:
            return
        site = scene.site("site", self.shop, self.site)
        if site is not None and site.municipality != scene.signer.participant:
            scene.refuse("NAME_UNKNOWN", "site")
        if shop.site is not None:
            scene.refuse("WRONG_STATE", "shop")
        yield Empower(row=shop, changes={"site": self.site, "municipality": scene.signer.participant})


@action("MINISTRY", admin=True)
class SetPhase(Action):
    """Say which phase a product is in, in a municipality, from when. Ministry. W 4, 6, B 36-42."""

    municipality: Slug
    product: Product
    phase: PhaseName
    from_: Timestamp

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """A record; of those not after an act the latest counts."""
        scene.named("municipality", self.municipality, "MUNICIPALITY")
        begins = instant.millis(self.from_)
        yield Enrol(row=Phase(scene.index, self.municipality, self.product, self.phase, begins))


@action("MINISTRY", admin=True)
class SetParameter(Action):
    """Set a number that rules use, or lift it, from when. Ministry. The number's own source."""

    parameter: ParameterName
    value: Quantity | None = None
    from_: Timestamp

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """A record; of those not after an act the latest counts."""
        yield Enrol(row=Parameter(scene.index, self.parameter, self.value, instant.millis(self.from_)))


@action("MINISTRY", admin=True)
class AdoptEdition(Action):
    """Put the next edition of the rules in force from this entry on. The founding authority. Own rule."""

    edition: Index
    manifest: Manifest

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """Later statements are read and judged by it."""
        if scene.signer.participant != scene.ledger.authority:
            scene.refuse("NOT_ALLOWED")
        if self.edition != scene.ledger.edition + 1:
            scene.refuse("WRONG_STATE", "edition", expected=str(scene.ledger.edition + 1))
        yield Empower(row=scene.ledger, changes={"edition": self.edition})


@action("GROWER", admin=True, licensed=False)
class RegisterVariety(Action):
    """Enter a variety that one grows. Growers. Regeling annex IV, Besluit art. 19."""

    variety: Slug
    name_: Name

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """The variety, a name within its grower."""
        row = Variety(scene.signer.participant, self.variety, scene.index, self.name_)
        yield Enrol(row=row, path="variety")
