-- +goose Up
-- What was found in a receipt that another took the place of is put right by that; and a conflict that was decided about is none. New
-- ones are settled when it happens. What people have accepted or settled stays so.
INSERT INTO deviation_decision (deviation, turn, state, decided_at, reason)
SELECT v.key, 1 + coalesce((SELECT MAX(o.turn) FROM deviation_decision o WHERE o.deviation = v.key), 0), 'SETTLED', MAX(d.decided_at), 'kvitteringen er rettet'
FROM receipt_decision d
JOIN receipt c ON c.id = d.against
JOIN (SELECT 'SIDER' AS kind UNION ALL SELECT 'FARGE' UNION ALL SELECT 'ARK' UNION ALL SELECT 'KONVOLUTT' UNION ALL SELECT 'VEKT'
  UNION ALL SELECT 'KONTERINGSKODE' UNION ALL SELECT 'JOBB' UNION ALL SELECT 'PRODUKSJON' UNION ALL SELECT 'PORTO' UNION ALL SELECT 'KONFLIKT') k ON TRUE
JOIN deviation v ON v.key = c.vendor || '/' || c.file || '/' || c.job || '/' || c.shipment || '/' || k.kind
WHERE d.taken AND NOT EXISTS (SELECT 1 FROM deviation_decision o WHERE o.deviation = v.key AND o.state IN ('ACCEPTED', 'SETTLED')
  AND o.turn = (SELECT MAX(turn) FROM deviation_decision p WHERE p.deviation = v.key))
GROUP BY v.key;

INSERT INTO deviation_decision (deviation, turn, state, decided_at, reason)
SELECT v.key, 1 + coalesce((SELECT MAX(o.turn) FROM deviation_decision o WHERE o.deviation = v.key), 0), 'SETTLED', d.decided_at, 'avgjort: ' || d.reason
FROM receipt_decision d
JOIN receipt c ON c.id = d.receipt
JOIN deviation v ON v.key = c.vendor || '/' || c.file || '/' || c.job || '/' || c.shipment || '/KONFLIKT'
WHERE NOT EXISTS (SELECT 1 FROM deviation_decision o WHERE o.deviation = v.key AND o.state IN ('ACCEPTED', 'SETTLED')
  AND o.turn = (SELECT MAX(turn) FROM deviation_decision p WHERE p.deviation = v.key));

-- +goose Down
SELECT 1;
