// Package engine is the shipment and its lifecycle: the rules (status, deadline, validation), the night run and its
// steps (collect, plan, compose, offer), receipts, and the schedule. It declares the small interfaces that it needs;
// engine/archive, engine/queue and engine/intake satisfy them and cmd wires them. It never imports those.
package engine
