package pgquery

import (
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

var drops = map[string]review.Op{
	"OBJECT_TABLE": review.DropTable, "OBJECT_FOREIGN_TABLE": review.DropTable, "OBJECT_INDEX": review.DropIndex, "OBJECT_VIEW": review.DropView,
	"OBJECT_MATVIEW": review.DropView, "OBJECT_SCHEMA": review.DropSchema,
	"OBJECT_TRIGGER": review.DropTrigger, "OBJECT_POLICY": review.DropTrigger, "OBJECT_RULE": review.DropTrigger,
}

func (c converter) drop(tag string, n tree) []review.Act {
	switch tag {
	case "DropStmt":
		return dropped(n)
	case "DropdbStmt":
		return []review.Act{{Op: review.DropDatabase, On: review.Name{Name: n.text("dbname")}}}
	case "DropOwnedStmt":
		return []review.Act{{Op: review.DropSchema, On: review.Name{Name: "everything of a role"}}}
	case "DropRoleStmt", "DropTableSpaceStmt", "DropSubscriptionStmt", "DropUserMappingStmt", "ReassignOwnedStmt":
		return []review.Act{{Op: review.DropOther, To: strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(tag, "Drop"), "Stmt"))}}
	case "TruncateStmt":
		a := review.Act{Op: review.Truncate, Cascade: n.text("behavior") == "DROP_CASCADE"}
		for _, r := range n.list("relations") {
			a.Others = append(a.Others, relation(r.at("RangeVar")))
		}
		return []review.Act{a}
	case "GrantStmt":
		if n.flag("is_grant") {
			return []review.Act{{Op: review.Harmless}}
		}
		return []review.Act{{Op: review.Revoke}}
	}
	return nil
}

func dropped(n tree) []review.Act {
	kind := n.text("removeType")
	op := drops[kind]
	if op == "" {
		op = review.DropOther
	}
	var all []review.Act
	for _, object := range n.list("objects") {
		name, called := objectName(object, op)
		all = append(all, review.Act{
			Op: op, On: name, Called: called, Lenient: n.flag("missing_ok"), Concurrently: n.flag("concurrent"),
			Cascade: n.text("behavior") == "DROP_CASCADE", To: strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(kind, "OBJECT_")), "_", " "),
		})
	}
	return all
}

// objectName is what a DROP names: for a trigger, its table and itself.
func objectName(object tree, op review.Op) (review.Name, string) {
	parts := object.strings("List", "items")
	switch {
	case object.has("TypeName"):
		return nameOf(object.strings("TypeName", "names")), ""
	case object.has("ObjectWithArgs"):
		return nameOf(object.strings("ObjectWithArgs", "objname")), ""
	case object.has("String"):
		return review.Name{Name: object.text("String", "sval")}, ""
	case op == review.DropTrigger && len(parts) > 1:
		return nameOf(parts[:len(parts)-1]), parts[len(parts)-1]
	case op == review.DropIndex:
		return nameOf(parts), nameOf(parts).Name
	}
	return nameOf(parts), ""
}
