"""What a person wears and stands before: body, clothing, glasses, jewellery and backdrop.

Lengths are mm in head space (as in the template), colours linear RGB, `t` maps trait names to
float32 [B]; everything follows the device of `t`. Nothing draws from a random generator and no
person depends on another of the batch.

    part.Part                       a mesh per person: vertices, faces, piece, chart, shown
    material.Material               albedo, specular, roughness, metal, sheen, segment of N samples
    material.shade(m, normal, view, lit, ao, lights, b) -> radiance [N, 3]

    body.body(rows, columns) -> Body          rest [V, 3], faces [F, 3], follow [V], grid (numpy)
    body.vertices(t, body) -> [B, V, 3]       neck and shoulders of B people

    cloth.cloth(t, body, vertices) -> Part    clothing over those vertices; chart [B, V, 6]
    cloth.follow(t, body) -> [B, V]           1 = turns with the head, 0 with the shoulders
    fabric.paint(t, piece, chart, normal, b, pixel) -> (Material, normal [N, 3])

    glasses.glasses(t, eyes, bridge, ears) -> (frame Part, lens Part)
    glasses.paint(t, piece, chart, b) -> Material
    lens.glass(t, position, normal, view, lights, b) -> (added [N, 3], transmission [N, 3])

    jewellery.jewellery(t, lobes, nostril) -> Part
    jewellery.paint(t, piece, chart, b) -> Material

    backdrop.backdrop(t, lights, size) -> [B, size, size, 3]

Samples: `piece` int64 [N] is part.piece of the sample's face, `chart` [N, C] the vertices' chart
interpolated, `normal` and `view` (to the camera) unit [N, 3] in the world, `lit` [N] the share of
the key light that arrives, `ao` [N] ambient occlusion, `b` int64 [N] the person, `pixel` the size
of a sample at the head in mm. Faces of person b whose piece has `shown[b, piece]` False are left
out. Anchors: eyes [B, 2, 3] corneas, bridge [B, 3] deepest point of the nose's root, ears [B, 2, 3]
where ear tops join the head, lobes [B, 2, 3], nostril [B, 3] on the wing; first the one at x < 0.
"""
