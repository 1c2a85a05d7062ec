package review

// Op is a thing that a statement can do.
type Op string

// What is done to tables.
const (
	CreateTable        Op = "create table"
	CreateTableAs      Op = "create table as"
	AddColumn          Op = "add column"
	DropColumn         Op = "drop column"
	AlterType          Op = "alter column type"
	SetNotNull         Op = "set not null"
	DropNotNull        Op = "drop not null"
	ChangeDefault      Op = "change default"
	DropDefault        Op = "drop default"
	SetExpression      Op = "set expression"
	AddConstraint      Op = "add constraint"
	ValidateConstraint Op = "validate constraint"
	DropConstraint     Op = "drop constraint"
	SetLogged          Op = "set logged"
	SetAccessMethod    Op = "set access method"
	SetTablespace      Op = "set tablespace"
	AttachPartition    Op = "attach partition"
	DetachPartition    Op = "detach partition"
	RowSecurity        Op = "row level security"
	ToggleTrigger      Op = "enable or disable trigger"
	TuneTable          Op = "change a storage parameter" // under a weak lock
	AlterBriefly       Op = "alter table"                // anything else, metadata only
	RenameColumn       Op = "rename column"
	RenameTable        Op = "rename table"
	RenameSchema       Op = "rename schema"
	RenameInner        Op = "rename constraint or index"
	RenameOther        Op = "rename object"
	SetSchema          Op = "set schema"
	DropTable          Op = "drop table"
	Truncate           Op = "truncate"
	LockTable          Op = "lock table"
	Inherit            Op = "inherit"
)

// What is done to other objects.
const (
	CreateIndex     Op = "create index"
	DropIndex       Op = "drop index"
	CreateView      Op = "create view"
	DropView        Op = "drop view"
	CreateMatView   Op = "create materialized view"
	RefreshMatView  Op = "refresh materialized view"
	CreateEnum      Op = "create enum"
	AddEnumValue    Op = "add enum value"
	RenameEnumValue Op = "rename enum value"
	CreateDomain    Op = "create domain"
	AlterDomain     Op = "alter domain"
	CreateFunction  Op = "create function"
	CreateTrigger   Op = "create trigger"
	DropTrigger     Op = "drop trigger"
	CreatePolicy    Op = "create policy"
	CreateRule      Op = "create rule"
	DropSchema      Op = "drop schema"
	DropDatabase    Op = "drop database"
	DropOther       Op = "drop object"
	CreateSequence  Op = "create sequence"
	ChangeSequence  Op = "change sequence"
	AlterFunction   Op = "alter function"
	Revoke          Op = "revoke"
	ShutOut         Op = "change the way in" // of a role, or to a database
	SetSessions     Op = "set for new sessions"
	Harmless        Op = "harmless" // it makes or describes what nobody uses yet
	Unknown         Op = "unknown"  // the review has no rule for it
)

// What is done with rows, in the session and to the storage.
const (
	Update   Op = "update"
	Delete   Op = "delete"
	Merge    Op = "merge"
	Insert   Op = "insert"
	Select   Op = "select"
	LockRows Op = "lock rows"
	Set      Op = "set"
	Begin    Op = "begin"
	Commit   Op = "commit"
	Rollback Op = "rollback"
	Do       Op = "do"
	Call     Op = "call"
	Reindex  Op = "reindex"
	Cluster  Op = "cluster"
	Vacuum   Op = "vacuum"
	FullVac  Op = "vacuum full"
)
