"""What can be found again by an id alone: `<type>:<what identifies it>`, opaque to clients."""

from __future__ import annotations

import strawberry


@strawberry.interface
class Node:
    """Anything that `node(id)` finds."""

    id: strawberry.ID
