package http.request_test

import rego.v1

import data.http.request

routes := {
	"portal.example.com": {
		"/": {"GET": ["user"], "POST": ["user"]},
		"/admin": {"GET": ["administrator", "operator"]},
		"/admin/keys": {"GET": ["administrator"], "PUT": []},
		"/public": {"GET": ["user", "visitor"]},
	},
	"intern.example.com": {"/wiki": {"GET": ["user"]}},
}

limits := {"schemes": ["https"]}

golden := {
	"subject": {"type": "user", "id": "usr-31", "properties": {"roles": ["administrator"]}},
	"action": {"name": "http.request"},
	"resource": {
		"type": "route",
		"id": "portal.example.com/admin",
		"properties": {"host": "portal.example.com", "method": "GET", "path": "/admin", "scheme": "https"},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "proxy"},
}

decision_on(change) := decision if {
	decision := request.decision with input as object.union(golden, change)
		with data.routes as routes
		with data.thresholds.http.request as limits
}

# What fails when somebody in these roles asks for that.
failed(roles, host, method, path) := decision_on({
	"subject": {"properties": {"roles": roles}},
	"resource": {
		"id": concat("", [host, path]),
		"properties": {"host": host, "method": method, "path": path},
	},
}).failed

portal(roles, path) := failed(roles, "portal.example.com", "GET", path)

closed := {"permitted", "routed"}

test_an_administrator_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == request.required
	decision.failed == set()
	decision.obligations == []
}

test_without_routes_nothing_goes_through if {
	every table in [{}, {"portal.example.com": {}}, {"portal.example.com": {"/admin": {}}}] {
		decision := request.decision with input as golden with data.routes as table
			with data.thresholds.http.request as limits
		decision.allow == false
		decision.failed == closed
	}
}

test_the_shipped_routes_can_be_read if {
	count(data.routes) > 0
	every host, prefixes in data.routes {
		regex.match(`^[a-z0-9.-]{1,253}$`, host)
		every prefix, methods in prefixes {
			regex.match(`^/([!-.0-~]+(/[!-.0-~]+)*)?$`, prefix)
			every method, roles in methods {
				method in {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
				count(roles) > 0
				every role in roles {
					is_string(role)
				}
			}
		}
	}
}

test_the_shipped_schemes_are_a_list if is_array(data.thresholds.http.request.schemes)

# named

test_an_id_of_another_route if {
	decision := decision_on({"resource": {"id": "portal.example.com/public"}})
	decision.allow == false
	decision.failed == {"named"}
}

# routed

test_a_host_that_nobody_listed if failed(["administrator"], "other.example.com", "GET", "/admin") == closed

test_a_method_that_nobody_listed if failed(["administrator"], "portal.example.com", "DELETE", "/admin") == closed

test_a_path_that_no_prefix_covers if {
	failed([], "intern.example.com", "GET", "/wiki") == set()
	failed([], "intern.example.com", "GET", "/") == closed
	failed([], "intern.example.com", "GET", "/wikipedia") == closed
	failed([], "intern.example.com", "GET", "/wik") == closed
}

test_a_route_that_is_open_to_nobody_is_none if {
	failed(["administrator"], "portal.example.com", "PUT", "/admin/keys") == closed
}

test_the_longest_prefix_alone_counts if {
	portal(["operator"], "/admin/users") == set()
	portal(["operator"], "/admin/keys") == {"permitted"}
	portal(["operator"], "/admin/keys/7") == {"permitted"}
	portal(["operator"], "/admin/keys7") == set()
	failed(["operator"], "portal.example.com", "POST", "/admin/keys/7") == closed
	failed(["operator"], "portal.example.com", "POST", "/other") == set()
}

test_the_root_covers_what_no_other_prefix_does if {
	portal([], "/") == set()
	portal([], "/administer") == set()
	portal([], "/a/b/c") == set()
}

# permitted

test_a_user_without_the_role if {
	decision := decision_on({"subject": {"properties": {"roles": ["support"]}}})
	decision.allow == false
	decision.failed == {"permitted"}
}

test_one_role_of_several_is_enough if portal(["support", "operator"], "/admin") == set()

test_a_route_for_every_user if portal([], "/somewhere") == set()

test_a_visitor_is_no_user if {
	visitor := {"type": "visitor", "id": "visitor", "properties": {"roles": []}}
	at_root := {"id": "portal.example.com/", "properties": {"path": "/"}}
	decision_on({"subject": visitor, "resource": at_root}).failed == {"permitted"}
	in_public := {"id": "portal.example.com/public/logo", "properties": {"path": "/public/logo"}}
	decision_on({"subject": visitor, "resource": in_public}).failed == set()
}

# secure

test_a_request_in_clear_text if {
	decision := decision_on({"resource": {"properties": {"scheme": "http"}}})
	decision.allow == false
	decision.failed == {"secure"}
}

test_a_missing_limit_closes_its_gate if {
	decision := request.decision with input as golden with data.routes as routes with data.thresholds as {}
	decision.failed == {"secure"}
}
