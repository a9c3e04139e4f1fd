/** The small forms that members of records, seals and notes take: docs/evidence-format.md, section 1. */

import { refuse } from "./errors.mjs";

export const MAX_INTEGER = Number.MAX_SAFE_INTEGER; // 2^53 - 1
export const HASH = /^[0-9a-f]{64}$/;
export const CHAIN = /^[0-9a-f]{20}$/;
export const CLASS = /^[a-z0-9]{1,16}$/;
export const ORIGIN = /^[!-*,-~]{1,128}$/; // printable ASCII without space and plus
export const DECIMAL = "(0|[1-9][0-9]{0,15})";

const TIME = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.[0-9]{6}Z$/;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Return whether this is a time: its digits in their places, and a real date and time. */
export function isTime(value) {
  const match = typeof value === "string" ? TIME.exec(value) : null;
  if (match === null) return false;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const real = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= DAYS[month - 1] + Number(leap);
  return real && hour < 24 && minute < 60 && second < 60;
}

/** Return a form: an integer within these bounds. `true` is none. */
export function integer(least, most) {
  return (value) => Number.isInteger(value) && value >= least && value <= most;
}

/** Return a form: an array of so many values, each of a form. */
export function list(least, most, form) {
  return (value) =>
    Array.isArray(value) && value.length >= least && value.length <= most && value.every((each) => fits(each, form));
}

export const SIZE = integer(0, MAX_INTEGER);
export const VERSION = integer(1, 1);

/** Return whether a value has a form: a pattern, a function, or the members of an object. */
export function fits(value, form) {
  if (form instanceof RegExp) return typeof value === "string" && form.test(value);
  return typeof form === "function" ? form(value) : checkMembers(value, form) === value;
}

/** Return an object that has exactly these members, each in its form; those in `optional` may be missing. */
export function checkMembers(value, forms, optional = []) {
  const wrong = "not an object with exactly the members it must have";
  refuse(value === null || typeof value !== "object" || Array.isArray(value), wrong);
  const missing = Object.keys(forms).some((name) => !optional.includes(name) && !Object.hasOwn(value, name));
  refuse(missing, wrong);
  for (const [name, member] of Object.entries(value)) {
    refuse(!Object.hasOwn(forms, name), wrong);
    refuse(!fits(member, forms[name]), `member \`${name}\` has not the form it must have`);
  }
  return value;
}
