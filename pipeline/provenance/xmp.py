"""Write and read the XMP packet that says a picture is synthetic.

Sources: XMP specification parts 1 and 3 (ISO 16684-1; Adobe, 2020), IPTC Photo Metadata Standard
2023.2 (`DigitalSourceType`), PLUS licence data format.
"""

from dataclasses import dataclass
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from pipeline import __version__
from pipeline.provenance import jpeg, png, webp

DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""The IPTC term for media made by a model trained on sampled content."""

DESCRIPTION = "A synthetic face made by software. The person shown does not exist."

_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_DC = "http://purl.org/dc/elements/1.1/"

_PACKET = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/">
<Iptc4xmpExt:DigitalSourceType>{source_type}</Iptc4xmpExt:DigitalSourceType>
<xmp:CreatorTool>populace {version}</xmp:CreatorTool>
<dc:identifier>{identifier}</dc:identifier>
<dc:description><rdf:Alt>
<rdf:li xml:lang="x-default">{description}</rdf:li>
</rdf:Alt></dc:description>
<plus:ModelReleaseStatus>http://ns.useplus.org/ldf/vocab/MR-NAP</plus:ModelReleaseStatus>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


def synthetic_packet(identifier: str, description: str = DESCRIPTION) -> str:
    """The XMP packet for the asset `identifier`; the same arguments give the same text.

    It carries no time stamp, so that a rebuilt asset is the same file to the byte. The PLUS term
    MR-NAP says that a model release does not apply: there is no model.
    """
    return _PACKET.format(
        source_type=DIGITAL_SOURCE_TYPE,
        version=escape(__version__),
        identifier=escape(identifier),
        description=escape(description),
    )


def embed_xmp(data: bytes, packet: str) -> bytes:
    """`data`, a JPEG, PNG or WebP file, with `packet` as its only XMP; the pixels are untouched.

    Raises ValueError when `data` is none of the three or the packet does not fit its container.
    """
    payload = packet.encode()
    if data.startswith(jpeg.SIGNATURE):
        return jpeg.with_xmp(data, payload)
    if data.startswith(png.SIGNATURE):
        return png.with_xmp(data, payload)
    if webp.is_webp(data):
        return webp.with_xmp(data, payload)
    raise ValueError("the data is neither a JPEG, a PNG nor a WebP file")


def read_xmp(data: bytes) -> str | None:
    """The XMP packet in a JPEG, PNG or WebP file; None when it has none or is another format.

    Raises ValueError when the file's structure is broken before the packet is found.
    """
    payload: bytes | None = None
    if data.startswith(jpeg.SIGNATURE):
        payload = jpeg.find_xmp(data)
    elif data.startswith(png.SIGNATURE):
        payload = png.find_xmp(data)
    elif webp.is_webp(data):
        payload = webp.find_xmp(data)
    return None if payload is None else payload.decode()


@dataclass(frozen=True)
class Label:
    """What a file says of itself; None where it does not."""

    source_type: str | None
    identifier: str | None


def read_label(data: bytes) -> Label | None:
    """The label in the XMP of a JPEG, PNG or WebP file; None when it has no XMP.

    Raises ValueError when the file's structure or its packet is broken.
    """
    packet = read_xmp(data)
    if packet is None:
        return None
    if "<!DOCTYPE" in packet:
        raise ValueError("the XMP packet declares a document type, which none should")
    try:
        root = ElementTree.fromstring(packet)
    except ElementTree.ParseError as error:
        raise ValueError(f"the XMP packet is no XML: {error}") from None
    return Label(
        root.findtext(f".//{{{_IPTC}}}DigitalSourceType"), root.findtext(f".//{{{_DC}}}identifier")
    )
