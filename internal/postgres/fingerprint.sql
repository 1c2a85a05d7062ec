-- A schema as lines: what two that are equal have in common, whatever the numbers of
-- their objects. It sees what pg_dump --schema-only writes, and also tablespaces, access
-- methods and the versions of extensions. Left out are PostgreSQL's own schemas, what
-- belongs to an extension, and the tables in $1: those of this program and of
-- golang-migrate follow the migrations. An object whose number is below 16384 came with
-- the server; of those, and of extensions, only the grants are listed that were not there
-- from the beginning, and what is said about schema public. Of pg_subscription it reads
-- what everybody may read also before PostgreSQL 14, which leaves out the number.
WITH space AS (SELECT oid, nspname FROM pg_namespace WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%'),
alien AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
tables AS (SELECT oid FROM pg_class WHERE relname = ANY ($1) AND relkind IN ('r', 'p')),
ours AS (TABLE tables UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid IN (TABLE tables) UNION ALL SELECT objid FROM pg_depend
	WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND refobjid IN (TABLE tables) AND deptype IN ('a', 'i')),
class AS (SELECT c.* FROM pg_class c JOIN space n ON n.oid = c.relnamespace
	WHERE c.oid NOT IN (TABLE ours) AND ('pg_class'::regclass, c.oid) NOT IN (TABLE alien)),
index AS (SELECT i.*, x.reltablespace, x.oid FROM pg_index i JOIN class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid),
type AS (SELECT t.* FROM pg_type t JOIN space n ON n.oid = t.typnamespace WHERE ('pg_type'::regclass, t.oid) NOT IN (TABLE alien)),
own_type AS (SELECT * FROM type t WHERE typtype IN ('e', 'd', 'r') OR typtype = 'b' AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)),
routine AS (SELECT p.* FROM pg_proc p JOIN space n ON n.oid = p.pronamespace WHERE ('pg_proc'::regclass, p.oid) NOT IN (TABLE alien)),
sorting AS NOT MATERIALIZED (SELECT oid, ROW(collnamespace::regnamespace, collname)::text AS name FROM pg_collation),
family AS (SELECT f.*, m.amname FROM pg_opfamily f JOIN space n ON n.oid = f.opfnamespace JOIN pg_am m ON m.oid = f.opfmethod
	WHERE ('pg_opfamily'::regclass, f.oid) NOT IN (TABLE alien)),
acl (classid, objid, objsubid, given, usual) AS (
	SELECT 'pg_class'::regclass::oid, oid, 0, relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner) FROM pg_class
	UNION ALL SELECT 'pg_class'::regclass, attrelid, attnum, attacl, '{}' FROM pg_attribute WHERE NOT attisdropped
	UNION ALL SELECT 'pg_proc'::regclass, oid, 0, proacl, acldefault('f', proowner) FROM pg_proc
	UNION ALL SELECT 'pg_type'::regclass, oid, 0, typacl, acldefault('T', typowner) FROM pg_type
	UNION ALL SELECT 'pg_namespace'::regclass, oid, 0, nspacl, acldefault('n', nspowner) FROM pg_namespace
	UNION ALL SELECT 'pg_language'::regclass, oid, 0, lanacl, acldefault('l', lanowner) FROM pg_language
	UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, 0, fdwacl, acldefault('F', fdwowner) FROM pg_foreign_data_wrapper
	UNION ALL SELECT 'pg_foreign_server'::regclass, oid, 0, srvacl, acldefault('S', srvowner) FROM pg_foreign_server),
owned (classid, objid, owner) AS (
	SELECT 'pg_class'::regclass::oid, oid, relowner FROM class
	UNION ALL SELECT 'pg_type'::regclass, oid, typowner FROM own_type
	UNION ALL SELECT 'pg_proc'::regclass, oid, proowner FROM routine
	UNION ALL SELECT 'pg_namespace'::regclass, oid, nspowner FROM pg_namespace WHERE oid IN (SELECT oid FROM space)
	UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxowner FROM pg_statistic_ext
	UNION ALL SELECT 'pg_operator'::regclass, oid, oprowner FROM pg_operator
	UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfowner FROM pg_opfamily
	UNION ALL SELECT 'pg_opclass'::regclass, oid, opcowner FROM pg_opclass
	UNION ALL SELECT 'pg_collation'::regclass, oid, collowner FROM pg_collation
	UNION ALL SELECT 'pg_conversion'::regclass, oid, conowner FROM pg_conversion
	UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictowner FROM pg_ts_dict
	UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgowner FROM pg_ts_config
	UNION ALL SELECT 'pg_language'::regclass, oid, lanowner FROM pg_language
	UNION ALL SELECT 'pg_event_trigger'::regclass, oid, evtowner FROM pg_event_trigger
	UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, fdwowner FROM pg_foreign_data_wrapper
	UNION ALL SELECT 'pg_foreign_server'::regclass, oid, srvowner FROM pg_foreign_server
	UNION ALL SELECT 'pg_publication'::regclass, oid, pubowner FROM pg_publication),
said (kind, classid, objid, objsubid, what) AS (
	SELECT 'comment', classoid, objoid, objsubid, description FROM pg_description WHERE objoid >= 16384 OR objoid = 'public'::regnamespace
	UNION ALL SELECT 'label', classoid, objoid, objsubid, provider || ' ' || label FROM pg_seclabel
	UNION ALL SELECT 'owner', classid, objid, 0, owner::regrole::text FROM owned WHERE objid >= 16384 OR objid = 'public'::regnamespace
	UNION ALL SELECT 'needs', d.classid, d.objid, d.objsubid, x.extname FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
		WHERE d.deptype = 'x' AND d.refclassid = 'pg_extension'::regclass
	UNION ALL SELECT 'grant', classid, objid, acl.objsubid, ROW(x.grantor::regrole, x.grantee::regrole, x.privilege_type, x.is_grantable)::text
		FROM acl LEFT JOIN pg_init_privs i ON (i.classoid, i.objoid, i.objsubid) = (classid, objid, acl.objsubid), aclexplode(given) x
		WHERE NOT (given @> coalesce(initprivs, usual) AND given <@ coalesce(initprivs, usual)))
SELECT kind || ' ' || line FROM (
	SELECT s.kind, ROW(i.type, i.identity, s.what)::text FROM said s, pg_identify_object(s.classid, s.objid, s.objsubid) i
		WHERE (s.kind = 'grant' OR (s.classid, s.objid) NOT IN (TABLE alien)) AND s.objid NOT IN (TABLE ours) AND coalesce(i.schema, '') NOT IN ('pg_toast', 'information_schema') AND coalesce(i.schema, '') NOT LIKE 'pg\_temp%'

	-- Tables and what is on them.
	UNION ALL SELECT 'class', ROW(c.oid::regclass, c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.reloptions,
		(SELECT t.reloptions FROM pg_class t WHERE t.oid = c.reltoastrelid), c.reloftype::regtype, pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid),
		CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
		(SELECT amname FROM pg_am WHERE oid = c.relam), (SELECT spcname FROM pg_tablespace WHERE oid = c.reltablespace))::text
		FROM class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
	UNION ALL SELECT 'column', ROW(c.oid::regclass, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
		a.attidentity, a.attgenerated, (SELECT k.name FROM sorting k WHERE k.oid = a.attcollation), a.attstorage, to_jsonb(a)->>'attcompression', a.attstattarget, a.attislocal, a.attoptions, a.attfdwoptions,
		pg_get_expr(d.adbin, d.adrelid))::text
		FROM class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped
	UNION ALL SELECT 'inherits', ROW(h.inhrelid::regclass, h.inhparent::regclass, h.inhseqno)::text FROM pg_inherits h JOIN class c ON c.oid = h.inhrelid
	UNION ALL SELECT 'constraint', ROW(k.conrelid::regclass, k.contypid::regtype, k.conname, k.convalidated, k.conislocal, pg_get_constraintdef(k.oid))::text
		FROM pg_constraint k WHERE k.conrelid IN (SELECT oid FROM class) OR k.contypid IN (SELECT oid FROM type)
	UNION ALL SELECT 'index', ROW(pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisclustered, i.indisreplident,
		(SELECT array_agg(a.attstattarget ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = i.indexrelid),
		(SELECT spcname FROM pg_tablespace WHERE oid = i.reltablespace))::text FROM index i
	UNION ALL SELECT 'trigger', ROW(c.oid::regclass, g.tgenabled, pg_get_triggerdef(g.oid))::text FROM pg_trigger g JOIN class c ON c.oid = g.tgrelid WHERE NOT g.tgisinternal
	UNION ALL SELECT 'policy', ROW(c.oid::regclass, p.polname, p.polcmd, p.polpermissive, (SELECT array_agg(r::regrole ORDER BY r::regrole::text) FROM unnest(p.polroles) r),
		pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))::text FROM pg_policy p JOIN class c ON c.oid = p.polrelid
	UNION ALL SELECT 'rule', ROW(r.ev_class::regclass, r.rulename, r.ev_enabled, pg_get_ruledef(r.oid))::text FROM pg_rewrite r JOIN class c ON c.oid = r.ev_class WHERE r.rulename <> '_RETURN'
	UNION ALL SELECT 'sequence', ROW(s.seqrelid::regclass, c.relpersistence, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle,
		(SELECT ROW(d.refobjid::regclass, a.attname, d.deptype) FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
		WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')))::text
		FROM pg_sequence s JOIN class c ON c.oid = s.seqrelid
	UNION ALL SELECT 'statistics', ROW(pg_get_statisticsobjdef(s.oid), to_jsonb(s)->>'stxstattarget')::text FROM pg_statistic_ext s JOIN class c ON c.oid = s.stxrelid
	UNION ALL SELECT 'foreign table', ROW(c.oid::regclass, v.srvname, f.ftoptions)::text FROM pg_foreign_table f JOIN class c ON c.oid = f.ftrelid JOIN pg_foreign_server v ON v.oid = f.ftserver

	-- Types, functions and operators.
	UNION ALL SELECT 'type', ROW(t.oid::regtype, t.typtype, t.typnotnull, format_type(t.typbasetype, t.typtypmod), t.typdefault, (SELECT k.name FROM sorting k WHERE k.oid = t.typcollation), t.typstorage, t.typlen, t.typalign,
		t.typcategory, t.typispreferred, t.typdelim, t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout, t.typanalyze, t.typelem::regtype,
		(SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
		(SELECT ROW(r.rngsubtype::regtype, (SELECT k.name FROM sorting k WHERE k.oid = r.rngcollation), (SELECT ROW(o.opcnamespace::regnamespace, o.opcname) FROM pg_opclass o WHERE o.oid = r.rngsubopc),
		r.rngcanonical, r.rngsubdiff, (to_jsonb(r)->>'rngmultitypid')::oid::regtype) FROM pg_range r WHERE r.rngtypid = t.oid))::text
		FROM own_type t
	UNION ALL SELECT 'routine', ROW(p.oid::regprocedure, p.prokind, p.proparallel, CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END,
		(SELECT ROW(g.aggkind, g.aggnumdirectargs, g.aggtransfn, g.aggfinalfn, g.aggcombinefn, g.aggserialfn, g.aggdeserialfn, g.aggmtransfn, g.aggminvtransfn, g.aggmfinalfn,
		g.aggfinalextra, g.aggmfinalextra, g.aggfinalmodify, g.aggmfinalmodify, g.aggsortop::regoperator, g.aggtranstype::regtype, g.aggtransspace,
		g.aggmtranstype::regtype, g.aggmtransspace, g.agginitval, g.aggminitval) FROM pg_aggregate g WHERE g.aggfnoid = p.oid))::text FROM routine p
	UNION ALL SELECT 'operator', ROW(o.oid::regoperator, o.oprresult::regtype, o.oprcode, o.oprcom::regoperator, o.oprnegate::regoperator, o.oprrest, o.oprjoin, o.oprcanmerge, o.oprcanhash)::text
		FROM pg_operator o JOIN space n ON n.oid = o.oprnamespace WHERE ('pg_operator'::regclass, o.oid) NOT IN (TABLE alien)
	UNION ALL SELECT 'operator family', ROW(n.nspname, f.opfname, f.amname)::text FROM family f JOIN space n ON n.oid = f.opfnamespace
	UNION ALL SELECT 'operator class', ROW(n.nspname, o.opcname, f.amname, f.opfnamespace::regnamespace, f.opfname, o.opcintype::regtype, o.opcdefault, o.opckeytype::regtype)::text
		FROM pg_opclass o JOIN space n ON n.oid = o.opcnamespace JOIN (SELECT f.*, m.amname FROM pg_opfamily f JOIN pg_am m ON m.oid = f.opfmethod) f ON f.oid = o.opcfamily
		WHERE ('pg_opclass'::regclass, o.oid) NOT IN (TABLE alien)
	UNION ALL SELECT 'operator of family', ROW(f.opfnamespace::regnamespace, f.opfname, f.amname, o.amoplefttype::regtype, o.amoprighttype::regtype, o.amopstrategy, o.amoppurpose, o.amopopr::regoperator)::text
		FROM pg_amop o JOIN family f ON f.oid = o.amopfamily
	UNION ALL SELECT 'function of family', ROW(f.opfnamespace::regnamespace, f.opfname, f.amname, o.amproclefttype::regtype, o.amprocrighttype::regtype, o.amprocnum, o.amproc::regprocedure)::text
		FROM pg_amproc o JOIN family f ON f.oid = o.amprocfamily
	UNION ALL SELECT 'cast', ROW(k.castsource::regtype, k.casttarget::regtype, k.castfunc::regprocedure, k.castcontext, k.castmethod)::text
		FROM pg_cast k WHERE k.oid >= 16384 AND ('pg_cast'::regclass, k.oid) NOT IN (TABLE alien)
	UNION ALL SELECT 'collation', ROW(n.nspname, to_jsonb(c) - '{oid,collnamespace,collowner,collversion}'::text[])::text
		FROM pg_collation c JOIN space n ON n.oid = c.collnamespace WHERE ('pg_collation'::regclass, c.oid) NOT IN (TABLE alien)
	UNION ALL SELECT 'conversion', ROW(n.nspname, c.conname, c.conforencoding, c.contoencoding, c.conproc, c.condefault)::text
		FROM pg_conversion c JOIN space n ON n.oid = c.connamespace WHERE ('pg_conversion'::regclass, c.oid) NOT IN (TABLE alien)

	-- Text search.
	UNION ALL SELECT 'text search', ROW(n.nspname, 'parser', p.prsname, p.prsstart, p.prstoken, p.prsend, p.prsheadline, p.prslextype)::text
		FROM pg_ts_parser p JOIN space n ON n.oid = p.prsnamespace WHERE ('pg_ts_parser'::regclass, p.oid) NOT IN (TABLE alien)
	UNION ALL SELECT 'text search', ROW(n.nspname, 'template', t.tmplname, t.tmplinit, t.tmpllexize)::text
		FROM pg_ts_template t JOIN space n ON n.oid = t.tmplnamespace WHERE ('pg_ts_template'::regclass, t.oid) NOT IN (TABLE alien)
	UNION ALL SELECT 'text search', ROW(d.oid::regdictionary, t.tmplnamespace::regnamespace, t.tmplname, d.dictinitoption)::text
		FROM pg_ts_dict d JOIN space n ON n.oid = d.dictnamespace JOIN pg_ts_template t ON t.oid = d.dicttemplate WHERE ('pg_ts_dict'::regclass, d.oid) NOT IN (TABLE alien)
	UNION ALL SELECT 'text search', ROW(g.oid::regconfig, p.prsnamespace::regnamespace, p.prsname,
		(SELECT array_agg(ROW(m.maptokentype, m.mapseqno, m.mapdict::regdictionary)::text ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = g.oid))::text
		FROM pg_ts_config g JOIN space n ON n.oid = g.cfgnamespace JOIN pg_ts_parser p ON p.oid = g.cfgparser WHERE ('pg_ts_config'::regclass, g.oid) NOT IN (TABLE alien)

	-- What belongs to the whole database.
	UNION ALL SELECT 'schema', nspname FROM space
	UNION ALL SELECT 'extension', ROW(x.extname, x.extversion, x.extnamespace::regnamespace)::text FROM pg_extension x
	UNION ALL SELECT 'language', ROW(l.lanname, l.lanpltrusted, l.lanplcallfoid::regproc, l.laninline::regproc, l.lanvalidator::regproc)::text
		FROM pg_language l WHERE l.oid >= 16384 AND ('pg_language'::regclass, l.oid) NOT IN (TABLE alien)
	UNION ALL SELECT 'transform', ROW(t.trftype::regtype, l.lanname, t.trffromsql, t.trftosql)::text
		FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang WHERE ('pg_transform'::regclass, t.oid) NOT IN (TABLE alien)
	UNION ALL SELECT 'access method', ROW(m.amname, m.amtype, m.amhandler)::text FROM pg_am m WHERE m.oid >= 16384 AND ('pg_am'::regclass, m.oid) NOT IN (TABLE alien)
	UNION ALL SELECT 'event trigger', ROW(e.evtname, e.evtevent, e.evtfoid::regproc, e.evtenabled, e.evttags)::text
		FROM pg_event_trigger e WHERE ('pg_event_trigger'::regclass, e.oid) NOT IN (TABLE alien)
	UNION ALL SELECT 'foreign data wrapper', ROW(w.fdwname, w.fdwhandler::regproc, w.fdwvalidator::regproc, w.fdwoptions)::text
		FROM pg_foreign_data_wrapper w WHERE ('pg_foreign_data_wrapper'::regclass, w.oid) NOT IN (TABLE alien)
	UNION ALL SELECT 'foreign server', ROW(v.srvname, w.fdwname, v.srvtype, v.srvversion, v.srvoptions)::text
		FROM pg_foreign_server v JOIN pg_foreign_data_wrapper w ON w.oid = v.srvfdw WHERE ('pg_foreign_server'::regclass, v.oid) NOT IN (TABLE alien)
	UNION ALL SELECT 'user mapping', ROW(srvname, usename, umoptions)::text FROM pg_user_mappings
	UNION ALL SELECT 'default privilege', ROW(d.defaclrole::regrole, d.defaclnamespace::regnamespace, d.defaclobjtype, x.grantor::regrole, x.grantee::regrole, x.privilege_type, x.is_grantable)::text
		FROM pg_default_acl d, aclexplode(d.defaclacl) x
	UNION ALL SELECT 'publication', (to_jsonb(p) - '{oid,pubowner}'::text[])::text FROM pg_publication p
	UNION ALL SELECT 'publication', to_jsonb(t)::text FROM pg_publication_tables t WHERE t.tablename <> ALL ($1)
	UNION ALL SELECT 'publication', ROW(p.pubname, r.prrelid::regclass)::text FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
	UNION ALL SELECT 'subscription', ROW(s.subname, s.subowner::regrole, s.subenabled, s.subslotname, s.subpublications)::text
		FROM pg_subscription s WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
) AS everything(kind, line)
