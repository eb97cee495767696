package syntax

import "github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

// The objects of PDF, as pdfcpu holds them. nil is the null object.
type (
	// Object is any of the following.
	Object = types.Object
	// Boolean is true or false.
	Boolean = types.Boolean
	// Integer is a number without a point.
	Integer = types.Integer
	// Float is a number with one.
	Float = types.Float
	// Name is a name without its slash, decoded.
	Name = types.Name
	// StringLiteral is the text of a string between parentheses: see StringBytes.
	StringLiteral = types.StringLiteral
	// HexLiteral is the digits of a hexadecimal string: see StringBytes.
	HexLiteral = types.HexLiteral
	// Array is a list of objects.
	Array = types.Array
	// Dict is a dictionary by its keys.
	Dict = types.Dict
	// StreamDict is a stream: its dictionary, its data as stored (Raw), and what
	// these are encoded with.
	StreamDict = types.StreamDict
	// PDFFilter is one of the filters of a stream.
	PDFFilter = types.PDFFilter
	// IndirectRef refers to a numbered object.
	IndirectRef = types.IndirectRef
)

// Reference refers to the object of a number, of generation 0.
func Reference(number int) IndirectRef { return *types.NewIndirectRef(number, 0) }
