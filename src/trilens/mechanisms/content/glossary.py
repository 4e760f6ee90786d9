"""Words that stand for one thing in the texts of shops, travel, staff, health and money, in English and German.

They only help to find the sentence of a source that speaks of the same thing; what that sentence must say is compared by value. A word
that is missing here costs a false alarm at most where nothing else in the sentence is shared.
"""

GROUPS: tuple[str, ...] = (
    "return returns returnable rückgabe zurückgeben zurücksenden zurückschicken retoure retournieren rücksendung",
    "refund reimburse reimbursement refundable erstatten erstattung rückerstattung rückerstatten zurückzahlen",
    "item product article goods artikel ware produkt",
    "receive receipt received delivered delivery arrive erhalten erhalt lieferung geliefert zustellung eintreffen eingetroffen eingang eingehen reach reached",
    "shipping postage shipment versand porto delivery delivered lieferung liefern",
    "cost costs charge charges price kosten preis",
    "fee gebühr entgelt",
    "order orders purchase purchased bestellung bestellt bestellen kauf gekauft kaufen",
    "customer client kunde kundin kunden",
    "exchange swap umtausch umtauschen",
    "faulty defective broken damaged fault defect defekt fehlerhaft beschädigt mangel mangelhaft",
    "repair fix mend reparatur reparieren repariert",
    "replace replacement ersatz ersetzen austauschen",
    "warranty guarantee garantie gewährleistung",
    "cancel cancellation cancelled canceled stornieren stornierung storno kündigen kündigung widerruf widerrufen",
    "pay payment paid money zahlen zahlung bezahlen bezahlt geld",
    "invoice bill rechnung",
    "cash bargeld bar",
    "discount rebate rabatt nachlass",
    "voucher coupon gutschein geschenkkarte gift",
    "packaging package parcel verpackung paket",
    "original originalverpackung",
    "unused unworn new ungetragen unbenutzt neu",
    "tell inform notify report melden mitteilen informieren benachrichtigen",
    "send dispatch senden schicken verschicken",
    "decide decision approve approval entscheiden entscheidung genehmigen genehmigung genehmigt freigabe zustimmen zustimmung",
    "person human mensch mitarbeiter mitarbeiterin",
    "team support kundendienst kundenservice service",
    "warehouse lager",
    "valid apply applies gültig gelten gilt",
    "policy rule rules regel regeln richtlinie",
    "contract vertrag",
    "account konto",
    "address adresse anschrift",
    "online internet",
    "shop store laden geschäft",
    "sale clearance ausverkauf schlussverkauf",
    "restocking einlagerung wiedereinlagerung",
    "travel trip journey reise",
    "flight flug",
    "hotel accommodation unterkunft",
    "night übernachtung nacht",
    "meal food verpflegung essen mahlzeit",
    "train rail bahn zug",
    "leave vacation holiday urlaub",
    "employee staff angestellte arbeitnehmer beschäftigte",
    "sick illness krank krankheit krankmeldung",
    "notice frist ankündigung",
    "insurance versicherung",
    "interest zins zinsen",
    "loan credit kredit darlehen",
    "transfer überweisung überweisen",
    "limit maximum grenze höchstbetrag obergrenze",
    "dose dosage dosis dosierung",
    "patient patientin",
    "answer reply respond response antwort antworten beantworten",
    "open opened öffnen geöffnet",
    "working business werktag arbeitstag",
    "student pupil schüler studierende",
    "deposit kaution anzahlung",
    "rent miete",
    "free nothing gratis kostenlos kostenfrei frei umsonst",
    "tent zelt",
    "zip zipper reißverschluss reißverschlüsse",
    "delete erase löschen löschung",
    "store keep retain speichern aufbewahren",
)

BACK = "back zurück wieder"
GIVEN_BACK = (
    "send sending sent bring bringing brought ship shipping give giving hand take taking schicken schicke schickt senden sende sendet geben gebe gibt "
    "bringen bringe bringt"
)
PHRASES: tuple[tuple[str, str, str], ...] = (
    (BACK, GIVEN_BACK, "return"),
    (
        f"{BACK} get have receive bekomme bekommen bekommt erhalte erhalten erhält",
        "money pay paid paying geld zahlen zahle zahlt gezahlt",
        "refund",
    ),
)
"""One of the first words beside one of the second stands for the third: `send it back`, `get my money`, `bekomme ich mein Geld`."""
