package shipment

// HoldCost is the reason code of letters that a cap of the Guard keeps back until a person approves them.
const HoldCost = "kostnad"

// HoldRejected is the reason code of letters whose job the vendor refused.
const HoldRejected = "trykkeri-avvist"

// HoldWindow is the reason code of letters that were due for longer than the vendor's print window.
const HoldWindow = "utskriftsvindu"

// HoldRestored is the reason code of letters that a vendor may have, by its own word, though the archive has not handed
// them over.
const HoldRestored = "gjenopprettet"
