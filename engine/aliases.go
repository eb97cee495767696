package engine

import (
	"postgang/engine/accept"
	"postgang/engine/calendar"
	"postgang/engine/collect"
	"postgang/engine/finance"
	"postgang/engine/identity"
	"postgang/engine/invoices"
	"postgang/engine/jobs"
	"postgang/engine/nights"
	"postgang/engine/postcode"
	"postgang/engine/receipts"
	"postgang/engine/recovery"
	"postgang/engine/restored"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
)

// Account and the names after it have moved.
type (
	Account            = store.Account
	Accrual            = finance.Accrual
	Alarm              = store.Alarm
	AlarmArgs          = store.AlarmArgs
	AlarmDelivery      = store.AlarmDelivery
	Alike              = store.Alike
	Answered           = jobs.Answered
	Archive            = store.Archive
	Blob               = store.Blob
	BlobRef            = shipment.BlobRef
	Blobs              = store.Blobs
	ClosedMonth        = store.ClosedMonth
	Collected          = collect.Collected
	Deviation          = store.Deviation
	DeviationFilter    = store.DeviationFilter
	DeviationState     = store.DeviationState
	DigitalEvent       = shipment.DigitalEvent
	DigitalKind        = shipment.DigitalKind
	Document           = shipment.Document
	Event              = shipment.Event
	Exchanged          = nights.Exchanged
	ExpectedCost       = store.ExpectedCost
	ExportQuery        = finance.ExportQuery
	Fence              = store.Fence
	FoundJob           = store.FoundJob
	FoundLetter        = store.FoundLetter
	FoundLetterFilter  = store.FoundLetterFilter
	Guard              = collect.Guard
	HandIn             = shipment.HandIn
	HandInFile         = shipment.HandInFile
	Imported           = receipts.Imported
	InvoiceBooking     = invoices.InvoiceBooking
	InvoicePeriod      = invoices.InvoicePeriod
	InvoiceRecord      = store.InvoiceRecord
	Invoiced           = invoices.Invoiced
	JobEvent           = store.JobEvent
	JobFile            = store.JobFile
	JobFilter          = store.JobFilter
	JobLetter          = store.JobLetter
	JobMark            = store.JobMark
	JobState           = store.JobState
	LaterError         = step.LaterError
	LedgerFilter       = store.LedgerFilter
	LedgerLine         = store.LedgerLine
	LetterOwner        = store.LetterOwner
	LetterPreview      = jobs.LetterPreview
	ManifestFile       = recovery.ManifestFile
	ManualConfirmation = receipts.ManualConfirmation
	ManualPrint        = jobs.ManualPrint
	MonthStatus        = finance.MonthStatus
	Night              = nights.Night
	NightOptions       = nights.NightOptions
	NightPlan          = collect.NightPlan
	OfferStop          = restored.OfferStop
	OnHoliday          = nights.OnHoliday
	OverdueCount       = store.OverdueCount
	PlanMinimum        = collect.PlanMinimum
	PlanTotal          = collect.PlanTotal
	PlannedCost        = store.PlannedCost
	PostalAddress      = shipment.PostalAddress
	PostcodeRegister   = postcode.Register
	PostedShipment     = store.PostedShipment
	PostedSum          = store.PostedSum
	Preparer           = step.Preparer
	PrintJob           = store.PrintJob
	Printout           = jobs.Printout
	Private            = shipment.Private
	Quoted             = accept.Quoted
	Range              = shipment.Range
	Reader             = store.Reader
	Reason             = shipment.Reason
	Receipt            = store.Receipt
	ReceiptCarry       = store.ReceiptCarry
	ReceiptDecision    = store.ReceiptDecision
	ReceiptFile        = store.ReceiptFile
	ReceiptFilter      = store.ReceiptFilter
	ReceiptLetter      = store.ReceiptLetter
	ReceiptRecord      = store.ReceiptRecord
	ReceiptResolution  = receipts.ReceiptResolution
	ReceiptState       = store.ReceiptState
	Received           = shipment.Received
	RecoverOptions     = recovery.RecoverOptions
	Recovered          = recovery.Recovered
	Refusal            = shipment.Refusal
	RemovedInvoice     = store.RemovedInvoice
	ReportQuery        = finance.ReportQuery
	ReportShipment     = store.ReportShipment
	Reprint            = jobs.Reprint
	ReprintError       = jobs.ReprintError
	ReprintOrder       = jobs.ReprintOrder
	Resolution         = nights.Resolution
	Resolved           = nights.Resolved
	Result             = shipment.Result
	Rules              = shipment.Rules
	Schedule           = nights.Schedule
	SeenReceipt        = store.SeenReceipt
	Shipment           = shipment.Shipment
	ShipmentFilter     = store.ShipmentFilter
	Slot               = store.Slot
	SlotState          = store.SlotState
	Status             = shipment.Status
	StatusCount        = store.StatusCount
	Submission         = shipment.Submission
	SubmittedFile      = shipment.SubmittedFile
	Task               = store.Task
	TaskKind           = store.TaskKind
	Trouble            = nights.Trouble
	TroubleSource      = nights.TroubleSource
	Tx                 = store.Tx
	Vendor             = store.Vendor
	VendorSide         = step.VendorSide
	Verdict            = store.Verdict
	WatchRules         = nights.WatchRules
)

// Names that moved.
const (
	ClockOff               = step.ClockOff
	DefaultAnswerWithin    = store.DefaultAnswerWithin
	DefaultFreeBytes       = nights.DefaultFreeBytes
	DefaultPatience        = nights.DefaultPatience
	DeviationAccepted      = store.DeviationAccepted
	DeviationDisputed      = store.DeviationDisputed
	DeviationOpen          = store.DeviationOpen
	DeviationSettled       = store.DeviationSettled
	DigitalClosed          = shipment.DigitalClosed
	DigitalNotNotifiable   = shipment.DigitalNotNotifiable
	DigitalNotified        = shipment.DigitalNotified
	DigitalRead            = shipment.DigitalRead
	DigitalReserved        = shipment.DigitalReserved
	DigitalSDPDelivered    = shipment.DigitalSDPDelivered
	DigitalSDPFailed       = shipment.DigitalSDPFailed
	DigitalSDPSent         = shipment.DigitalSDPSent
	EventCollected         = shipment.EventCollected
	EventReadAfter         = shipment.EventReadAfter
	EventReceived          = shipment.EventReceived
	EventRenewed           = shipment.EventRenewed
	EventReturned          = shipment.EventReturned
	EventStatus            = shipment.EventStatus
	EventWithdrawn         = shipment.EventWithdrawn
	EventsPlace            = nights.EventsPlace
	FoundCollision         = restored.FoundCollision
	FoundLeftover          = restored.FoundLeftover
	FoundRecorded          = restored.FoundRecorded
	FoundRefused           = restored.FoundRefused
	FoundUnread            = restored.FoundUnread
	HoldCost               = shipment.HoldCost
	HoldRejected           = shipment.HoldRejected
	HoldRestored           = shipment.HoldRestored
	HoldWindow             = shipment.HoldWindow
	HolidayPrevious        = nights.HolidayPrevious
	InvalidCode            = shipment.InvalidCode
	JobAccepted            = store.JobAccepted
	JobClosed              = store.JobClosed
	JobCommitted           = store.JobCommitted
	JobComposed            = store.JobComposed
	JobOffered             = store.JobOffered
	JobPlanned             = store.JobPlanned
	JobRejected            = store.JobRejected
	JobUncertain           = store.JobUncertain
	JobUploaded            = store.JobUploaded
	JobWithdrawn           = store.JobWithdrawn
	LedgerAllocation       = store.LedgerAllocation
	LedgerReceipt          = store.LedgerReceipt
	LedgerReversal         = store.LedgerReversal
	MaxDocuments           = shipment.MaxDocuments
	MaxRegisterBytes       = postcode.MaxRegisterBytes
	MaxSubmissionBytes     = shipment.MaxSubmissionBytes
	NationalID1964         = identity.NationalID1964
	PreviewJob             = jobs.PreviewJob
	ReasonNoDigitalID      = shipment.ReasonNoDigitalID
	ReasonNotNotifiable    = shipment.ReasonNotNotifiable
	ReasonPrintOnly        = shipment.ReasonPrintOnly
	ReasonReserved         = shipment.ReasonReserved
	ReasonSDPFailed        = shipment.ReasonSDPFailed
	ReasonUnread           = shipment.ReasonUnread
	ReceiptApplied         = store.ReceiptApplied
	ReceiptConflict        = store.ReceiptConflict
	ReceiptDuplicate       = store.ReceiptDuplicate
	ReceiptUnknown         = store.ReceiptUnknown
	ScheduleMonthly        = nights.ScheduleMonthly
	ScheduleNight          = nights.ScheduleNight
	SettingClock           = step.SettingClock
	SettingIdentity        = step.SettingIdentity
	SeverityCritical       = store.SeverityCritical
	SlotDone               = store.SlotDone
	SlotRunning            = store.SlotRunning
	SlotSkipped            = store.SlotSkipped
	StatusAkseptert        = shipment.StatusAkseptert
	StatusAvvist           = shipment.StatusAvvist
	StatusFeiletUnderMotta = shipment.StatusFeiletUnderMotta
	StatusIkkeLevert       = shipment.StatusIkkeLevert
	StatusKlarForMottak    = shipment.StatusKlarForMottak
	StatusLest             = shipment.StatusLest
	StatusLevertSDP        = shipment.StatusLevertSDP
	StatusManueltHandtert  = shipment.StatusManueltHandtert
	StatusMottatt          = shipment.StatusMottatt
	StatusPrintet          = shipment.StatusPrintet
	StatusSendtDigitalt    = shipment.StatusSendtDigitalt
	StatusSendtPrint       = shipment.StatusSendtPrint
	StatusSendtSDP         = shipment.StatusSendtSDP
	StatusSlettet          = shipment.StatusSlettet
	StatusVarslet          = shipment.StatusVarslet
	TaskCompose            = store.TaskCompose
	TaskOffer              = store.TaskOffer
	TaskPrepare            = store.TaskPrepare
	TroubleEvents          = nights.TroubleEvents
	TroubleForgotten       = nights.TroubleForgotten
	TroubleHandIn          = nights.TroubleHandIn
	TroubleMisplaced       = nights.TroubleMisplaced
	TroublePlace           = nights.TroublePlace
	TroublesOfEvents       = nights.TroublesOfEvents
	TroublesOfHandIns      = nights.TroublesOfHandIns
)

// Names that moved.
var (
	DefaultRules          = shipment.DefaultRules
	ErrDigitalEvent       = shipment.ErrDigitalEvent
	ErrEventBeforeReceipt = shipment.ErrEventBeforeReceipt
	ErrExists             = store.ErrExists
	ErrKeptBack           = step.ErrKeptBack
	ErrLockLost           = store.ErrLockLost
	ErrLocked             = store.ErrLocked
	ErrNotFound           = store.ErrNotFound
	ErrNotManual          = jobs.ErrNotManual
	ErrStale              = store.ErrStale
	ErrUnsettled          = nights.ErrUnsettled
	FileKey               = shipment.FileKey
	FindNationalIDs       = identity.FindNationalIDs
	IsPDF                 = shipment.IsPDF
	JobStates             = store.JobStates
	KindOfAlarm           = store.KindOfAlarm
	LastMonth             = calendar.LastMonth
	LoadPostcodes         = postcode.Load
	MaskNationalIDs       = identity.MaskNationalIDs
	NewSchedule           = nights.NewSchedule
	Oslo                  = calendar.Oslo
	ParseDigitalID        = identity.ParseDigitalID
	ParseSubmission       = shipment.ParseSubmission
	PostcodeForm          = postcode.Form
	SeverityOf            = store.SeverityOf
	ShownCode             = shipment.ShownCode
	SortAlarms            = store.SortAlarms
	Statuses              = shipment.Statuses
	Unacknowledged        = store.Unacknowledged
	Unreadable            = shipment.Unreadable
)
