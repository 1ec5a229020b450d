"""A closed position tells the fees that are not in its result, since their coin's price was never seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("trades", sa.Column("unpriced", sa.Text(), nullable=False, server_default=""))
