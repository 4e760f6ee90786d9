"""Northwind Outdoor's books: customers, orders and refunds in SQLite, and an outbox of mails. SAMPLE data."""

import csv
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

HERE = Path(__file__).parent
TABLES = """
CREATE TABLE customers (id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL);
CREATE TABLE orders (
    order_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers, item TEXT NOT NULL,
    total TEXT NOT NULL, status TEXT NOT NULL, delivered TEXT NOT NULL, note TEXT NOT NULL
);
CREATE TABLE refunds (call_id TEXT PRIMARY KEY, order_id TEXT NOT NULL REFERENCES orders, cents INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class Refund:
    order_id: str
    euros: Decimal


@dataclass(frozen=True)
class Mail:
    to: str
    subject: str
    body: str


@dataclass(frozen=True)
class Shop:
    """The shop's state: `shop.db` and `outbox/` in one folder."""

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> "Shop":
        """The shop in `folder`, filled from `data/` when it is new."""
        shop = cls(folder)
        if not (folder / "shop.db").exists():
            (folder / "outbox").mkdir(parents=True, exist_ok=True)
            with shop.books() as books:
                books.executescript(TABLES)
                for table in ("customers", "orders"):
                    for row in rows(HERE / "data" / f"{table}.csv"):
                        marks = ", ".join("?" * len(row))
                        books.execute(f"INSERT INTO {table} VALUES ({marks})", row)
        return shop

    @contextmanager
    def books(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed at the end, rolled back when anything is raised."""
        with closing(sqlite3.connect(self.folder / "shop.db")) as books, books:
            books.row_factory = sqlite3.Row
            books.execute("PRAGMA foreign_keys = ON")
            yield books

    def refunds(self) -> list[Refund]:
        """All booked refunds, oldest first."""
        with self.books() as books:
            found = books.execute("SELECT order_id, cents FROM refunds ORDER BY rowid").fetchall()
        return [Refund(row["order_id"], Decimal(row["cents"]) / 100) for row in found]

    def post(self, mail: Mail) -> Path:
        """Put a mail into the outbox. Raises: ValueError for a header with line breaks."""
        message = EmailMessage(policy=SMTP)
        message["From"] = "support@northwind.example"
        message["To"], message["Subject"] = mail.to, mail.subject
        message["X-Sample"] = "SAMPLE"
        message.set_content(mail.body)
        path = self.folder / "outbox" / f"{len(self.mails()) + 1:03}.eml"
        path.write_bytes(message.as_bytes())
        return path

    def mails(self) -> list[str]:
        """All mails in the outbox as text, oldest first."""
        return [path.read_text(encoding="utf-8") for path in sorted((self.folder / "outbox").glob("*.eml"))]


def rows(path: Path) -> list[list[str]]:
    """The rows of a CSV file, without its comment and its header."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = [line for line in csv.reader(file) if line and not line[0].startswith("#")]
    return lines[1:]
