package pgquery

import (
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

func (c converter) alterTable(n tree) []review.Act {
	on := relation(n.at("relation"))
	kind := n.text("objtype")
	var all []review.Act
	for _, item := range n.list("cmds") {
		cmd := item.at("AlterTableCmd")
		a := c.command(cmd)
		a.On, a.Lenient = on, a.Lenient || cmd.flag("missing_ok")
		a.Cascade = cmd.text("behavior") == "DROP_CASCADE"
		if kind != "OBJECT_TABLE" && kind != "OBJECT_FOREIGN_TABLE" {
			a = ofOther(a, kind)
		}
		if at := cmd.number("def", "ColumnDef", "location"); at > 0 {
			a.Line = line(c.sql, at)
		} else if at := cmd.number("def", "Constraint", "location"); at > 0 {
			a.Line = line(c.sql, at)
		}
		all = append(all, a)
	}
	return all
}

// ofOther is ALTER TABLE's grammar used for an index, a view, a sequence or a
// composite type.
func ofOther(a review.Act, kind string) review.Act {
	switch {
	case a.Op == review.AttachPartition && kind == "OBJECT_INDEX":
		return review.Act{Op: review.AlterBriefly, On: a.On, Line: a.Line}
	case kind == "OBJECT_TYPE" && (a.Op == review.DropColumn || a.Op == review.AlterType):
		return review.Act{Op: review.DropOther, On: a.On, To: "type", Line: a.Line}
	case kind == "OBJECT_TYPE", kind == "OBJECT_SEQUENCE":
		return review.Act{Op: review.Harmless, On: a.On, Line: a.Line}
	case kind == "OBJECT_VIEW" || kind == "OBJECT_MATVIEW":
		return review.Act{Op: review.AlterBriefly, On: a.On, Line: a.Line}
	}
	return a
}

// commands are those of ALTER TABLE that need no more than their name.
var commands = map[string]review.Op{
	"AT_DropColumn": review.DropColumn, "AT_SetNotNull": review.SetNotNull, "AT_DropNotNull": review.DropNotNull,
	"AT_ValidateConstraint": review.ValidateConstraint, "AT_DropConstraint": review.DropConstraint,
	"AT_SetLogged": review.SetLogged, "AT_SetUnLogged": review.SetLogged, "AT_SetTableSpace": review.SetTablespace,
	"AT_EnableRowSecurity": review.RowSecurity, "AT_DisableRowSecurity": review.RowSecurity,
	"AT_ForceRowSecurity": review.RowSecurity, "AT_NoForceRowSecurity": review.RowSecurity,
	"AT_SetRelOptions": review.TuneTable, "AT_ResetRelOptions": review.TuneTable, "AT_ReplaceRelOptions": review.TuneTable,
	"AT_SetStatistics": review.TuneTable, "AT_SetOptions": review.TuneTable, "AT_ResetOptions": review.TuneTable,
	"AT_ClusterOn": review.TuneTable, "AT_DropCluster": review.TuneTable, "AT_CookedColumnDefault": review.ChangeDefault,
	"AT_DropIdentity": review.DropDefault, "AT_AddInherit": review.Inherit, "AT_DropInherit": review.Inherit,
}

func (c converter) command(cmd tree) review.Act {
	kind, name, def := cmd.text("subtype"), cmd.text("name"), cmd.at("def")
	a := review.Act{Op: commands[kind], Column: name, Called: name}
	switch {
	case a.Op != "":
	case kind == "AT_ColumnDefault":
		a.Op = review.ChangeDefault
		if def.v == nil || def.flag("A_Const", "isnull") {
			a.Op = review.DropDefault
		}
	case kind == "AT_AddColumn":
		col := c.column(def.at("ColumnDef"))
		a = review.Act{Op: review.AddColumn, Column: col.Name, Of: &col}
	case kind == "AT_AlterColumnType":
		a.Op, a.Of = review.AlterType, &review.Column{Name: name, Type: typeOf(def.in("ColumnDef", "typeName"))}
		a.Using, a.Collate = def.at("ColumnDef").has("raw_default"), def.at("ColumnDef").has("collClause")
	case kind == "AT_AddConstraint":
		k := constraint(def.at("Constraint"))
		a = review.Act{Op: review.AddConstraint, Constraint: &k, Called: k.Name}
	case kind == "AT_AttachPartition":
		a = review.Act{Op: review.AttachPartition, Others: []review.Name{relation(def.in("PartitionCmd", "name"))}}
	case strings.HasPrefix(kind, "AT_DetachPartition"):
		part := def.at("PartitionCmd")
		a = review.Act{Op: review.DetachPartition, Others: []review.Name{relation(part.at("name"))}, Concurrently: part.flag("concurrent") || kind == "AT_DetachPartitionFinalize"}
		if a.Concurrently {
			a.Needs = 14
		}
	case strings.HasPrefix(kind, "AT_EnableTrig"), strings.HasPrefix(kind, "AT_DisableTrig"),
		kind == "AT_EnableAlwaysTrig", kind == "AT_EnableReplicaTrig":
		a.Op = review.ToggleTrigger
	default:
		a.Op, a.Needs = review.AlterBriefly, needs[kind]
		a.Fills = kind == "AT_AddIdentity"
		if kind == "AT_SetAccessMethod" {
			a.Op = review.SetAccessMethod
		}
		if kind == "AT_SetExpression" {
			a.Op = review.SetExpression
		}
	}
	return a
}

// needs is the version of PostgreSQL that brought a command.
var needs = map[string]int{"AT_SetAccessMethod": 15, "AT_DropExpression": 13, "AT_SetExpression": 17, "AT_SetCompression": 14}

func (c converter) rename(n tree) []review.Act {
	a := review.Act{On: relation(n.at("relation")), Column: n.text("subname"), Called: n.text("subname"), To: n.text("newname")}
	switch n.text("renameType") {
	case "OBJECT_COLUMN":
		a.Op = review.RenameColumn
	case "OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE":
		a.Op = review.RenameTable
	case "OBJECT_SCHEMA":
		a.Op, a.On = review.RenameSchema, review.Name{Name: n.text("subname")}
	case "OBJECT_INDEX", "OBJECT_TABCONSTRAINT":
		a.Op = review.RenameInner
	case "OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE":
		a.Op = review.AlterBriefly
	case "OBJECT_ATTRIBUTE":
		a.Op, a.To = review.RenameOther, "attribute"
	default:
		a.Op, a.On, a.Called = review.RenameOther, nameOf(n.strings("object", "List", "items")), strings.ToLower(strings.TrimPrefix(n.text("renameType"), "OBJECT_"))
		if a.On.Name == "" {
			a.On.Name = n.text("subname")
		}
	}
	return []review.Act{a}
}
