"""Nested objects out of a letter.

    python examples/extraction.py

`parse` sends the schema of a pydantic model, and returns the answer as an object of it. The
API guarantees the shape, not the sums: the program checks these itself.
"""

import os
import sys
from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from responses_client import Client, ParseError, RefusalError

LETTER = """
Fjord Lamps AS, Strandgaten 9, Bergen (Norway), 30 November 2026. Invoice no. 2041.
We delivered two brass lamps at 149.50 each, and six warm white bulbs for 4.25 apiece.
Please transfer 324.50 within 14 days.
"""


class Address(BaseModel):
    street: str
    city: str
    country: Literal["DK", "NO", "SE"]


class Company(BaseModel):
    name: str
    address: Address


class Line(BaseModel):
    what: str
    quantity: int
    unit_price: float


class Invoice(BaseModel):
    number: str
    issued: date
    seller: Company
    lines: list[Line] = Field(description="One for each kind of goods.")
    total: float


def main(client: Client) -> None:
    response = client.responses.parse(
        model="gpt-5.4", instructions="Extract the invoice.", input=LETTER, text_format=Invoice
    )
    try:
        invoice = response.output_parsed_or_raise()
    except (
        ParseError,
        RefusalError,
    ) as error:  # cut off by a token limit, or refused; error.text has the text
        sys.exit(f"There is no invoice: {error}")

    print(f"No. {invoice.number} of {invoice.issued:%d %B %Y}, from {invoice.seller.name}")
    address = invoice.seller.address
    print(f"{address.street}, {address.city}, {address.country}")
    for line in invoice.lines:
        print(f"{line.quantity:>4} x {line.what:<20} {line.quantity * line.unit_price:>9.2f}")
    total = sum(line.quantity * line.unit_price for line in invoice.lines)
    verdict = "as the lines" if total == invoice.total else "WRONG"
    print(f"{'total':<27} {invoice.total:>9.2f}  {verdict}")


if __name__ == "__main__":
    if not os.environ.get("OPENAI_API_KEY"):
        import demo

        demo.start("extraction")
    with Client() as client:
        main(client)
