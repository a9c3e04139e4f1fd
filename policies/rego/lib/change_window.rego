package lib.change_window

# When changes may be made: the windows of data.change_windows, by name. A window is open where one entry of its
# `allow` list covers the local time, every entry of its `deny` list misses it, and nothing is frozen.
import rego.v1

import data.lib.clock

# `now` in nanoseconds, as `clock.now`.
open(name, now) if {
	window := data.change_windows.windows[name]
	local := local_time(window, now)
	some entry in window.allow
	covers(entry, local)
	every denied in window.deny {
		misses(denied, local)
	}
	every freeze in window.freezes {
		thawed(freeze, now)
	}
	every freeze in data.change_windows.freezes {
		thawed(freeze, now)
	}
}

# The local weekday, and the time of day as "HH:MM", which sorts as it reads. A zone has summer time, an offset has not.
local_time(window, now) := weekday_and_time([now, window.zone])

local_time(window, now) := weekday_and_time(now + clock.minutes(window.offset_minutes))

weekday_and_time(instant) := {"day": time.weekday(instant), "time": text} if {
	[hour, minute, _] := time.clock(instant)
	text := concat(":", [two_digits(hour), two_digits(minute)])
}

two_digits(n) := substring(format_int(100 + n, 10), 1, 2)

# `from` is part of the span, `to` is not; "24:00" is the end of the day.
covers(entry, local) if {
	local.day in entry.days
	entry.from <= local.time
	local.time < entry.to
}

misses(entry, local) if {
	every day in entry.days {
		day != local.day
	}
}

misses(entry, local) if local.time < entry.from

misses(entry, local) if local.time >= entry.to

thawed(freeze, now) if now < clock.at(freeze.from)

thawed(freeze, now) if now >= clock.at(freeze.to)
