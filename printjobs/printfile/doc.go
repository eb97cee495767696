// Package printfile treats PDF as a linker treats object files.
//
// A prepared letter (Prepared) is the object file: one canonical PDF 1.7 whose
// pages are Form XObjects, one plain object each, with a private index that
// says where every object lies, where the references inside it stand, and the
// content hash of each object that letters may share (fonts, images, colour
// profiles). Any viewer opens it; the linker reads only its index and copies
// bytes.
//
// A print file is the executable: Linker writes it in one forward pass, side by
// side, copying the objects that each side's pages reach, with their references
// renumbered, and each shared object once. Memory does not grow with the
// number of letters, and the same sides give the same bytes.
//
// Inspect reads a finished print file back, through its own cross-reference
// table and knowing nothing of the writer, as the proof step after linking.
//
//	Builder ──▶ Prepared ──▶ WriteTo ──▶ blob ──▶ OpenPrepared ──▶ Linker ──▶ print file ──▶ Inspect
//	   ▲
//	  Kit   shared objects kept in memory for thousands of small letters (covers)
//
// # The prepared file
//
// A prepared file holds, in this order and with nothing between:
//
//	header               %PDF-1.7 and a binary comment
//	objects 1…n          of the letter, in the order in which its pages reach them:
//	                     the order in which the linker will read them
//	frame                catalog, page tree, one content stream "/PG0 Do" that all
//	                     pages share, one page object a page
//	index                an uncompressed stream, named /PGIndex in the trailer;
//	                     see Prepared.appendIndex for its bytes
//	cross-references     a classic table, whose last entry is the index
//
// An object is written as "n 0 obj", its body, "endobj", on lines of their own.
// The index numbers are those of the file, so that an object of the index and
// an object of the PDF are the same thing.
//
// # The print file
//
// Forms, and what they reach, come before the side that first draws them. A
// side's content is a line "/PGi Do" or "q a b c d e f cm x y w h re W n /PGi Do Q"
// for each placement i, and then its own content between "q" and "Q". Sides that
// draw the same share one content stream. Nodes of the page tree have 32 children.
// There are no dates; the file's /ID is made of its content.
//
// With Options.Parts there is a tree of document parts (DPart, ISO 32000-2
// 14.12) of two levels: a root, and a node for each letter or control sheet, which
// stands right after the last of its pages.
//
// # Large files
//
// A file may have a terabyte and 2³¹ objects. Up to 10¹⁰ bytes the
// cross-references are a classic table, if wanted, and above a stream. ISO 32000-1
// (annex C) asks readers for no more than 8,388,607 objects: MuPDF refuses a file
// that has more, while poppler, Ghostscript and qpdf read it. So whoever wants
// every reader to open the file begins another one before.
//
// # What is trusted
//
// A prepared file is checked against its index whenever it is read: object
// boundaries, every reference, a CRC-32C for each object of the letter's own and
// the SHA-256 of each shared one when it is first written. So a damaged letter
// is found, and named (SourceError), before it is printed, and a shared object
// can only ever be what its hash says. A file whose index was made to deceive
// can still hold bytes that are no PDF object; Inspect finds those.
//
// Lengths are PDF points (1/72 inch) unless a name says otherwise. Errors never
// quote content of a letter: they name object numbers, offsets and counts.
package printfile
