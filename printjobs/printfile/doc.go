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
// Lengths are PDF points (1/72 inch) unless a name says otherwise. Errors never
// quote content of a letter: they name object numbers, offsets and counts.
package printfile
