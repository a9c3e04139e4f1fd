/**
 * The page: what was dropped or chosen goes in, words come out. It asks nothing of anybody and keeps nothing.
 *
 * All texts of files become text nodes, never markup.
 */

import { explain, progress, summary } from "./explain.mjs";
import { Pace } from "./pace.mjs";
import { trusted, recognised, verifyAll } from "./verify.mjs";
import { MAX_NOTE } from "./limits.mjs";

const MOST_FILES = 2_000; // that are not in a folder
const BASE = new Uint8Array(32).fill(0x66).fill(0x58, 0, 1); // a point that is a key for certain: that of RFC 8032
const COLOURS = { holds: "good", fails: "bad", unusable: "bad", open: "warn" };
const find = (id) => document.getElementById(id);

/** Files that wait to be verified: what was given, in the order in which it came. */
let waiting = [];
let working = null; // what ends the work that is under way

/** Return an element with text, and elements in it. */
function made(tag, { text = null, className = null, parts = [] } = {}) {
  const element = document.createElement(tag);
  if (text !== null) element.textContent = text;
  if (className !== null) element.className = className;
  element.append(...parts);
  return element;
}

function say(text) {
  find("verify-status").textContent = text;
}

/** Take in files: keys go into their fields, everything else waits. */
async function take(files) {
  if (files.length > MOST_FILES) {
    say(`More than ${MOST_FILES} files: choose their folder instead.`);
    return;
  }
  const given = await recognised(files);
  for (const one of given.filter(({ kind }) => kind === "log-key")) find("verify-key").value = await textIn(one);
  for (const one of given.filter(({ kind }) => kind === "witness-key")) {
    const field = find("verify-witnesses");
    field.value = `${field.value.trimEnd()}\n${await textIn(one)}`.trim();
    field.closest("details").open = true;
  }
  const rest = given.filter(({ kind }) => kind !== "log-key" && kind !== "witness-key");
  waiting.push(...rest.map(({ name, blob, kind }) => ({ name, blob, kind: kind === "folder" ? kind : undefined })));
  showWaiting();
  const keys = given.length - rest.length;
  say(keys > 0 && rest.length === 0 ? "The key was taken in." : `${waiting.length} to verify.`);
  if (waiting.length > 0) await verify();
}

async function textIn(one) {
  return new TextDecoder().decode(await one.bytes(MAX_NOTE)).trim();
}

function showWaiting() {
  find("verify-files").replaceChildren(...waiting.map(({ name }) => made("li", { text: name })));
  find("verify-given").hidden = waiting.length === 0;
}

/** Take in a folder as one thing, by the names its files have in it. */
function takeFolder(list) {
  const files = [...list];
  if (files.length === 0) return;
  const name = files[0].webkitRelativePath.split("/")[0];
  const blobs = new Map(files.map((file) => [file.webkitRelativePath.slice(name.length + 1), file]));
  take([{ name, blob: blobs, kind: "folder" }]);
}

function takeList(list) {
  take([...list].map((file) => ({ name: file.name, blob: file })));
}

/** Verify what waits, and show what was found. */
async function verify() {
  working?.abort();
  const ours = new AbortController();
  working = ours;
  busy(true);
  try {
    await verifyNow(ours.signal);
  } catch (error) {
    const ended = ours.signal.aborted;
    if (ours === working) say(ended ? "Ended. Nothing was concluded." : `Could not go on: ${error.message}.`);
  } finally {
    if (ours === working) {
      working = null;
      busy(false);
    }
  }
}

async function verifyNow(signal) {
  let keys;
  try {
    keys = await trusted(find("verify-key").value, find("verify-witnesses").value);
    find("verify-key").removeAttribute("aria-invalid");
    find("verify-key-wrong").textContent = "";
  } catch (error) {
    find("verify-key").setAttribute("aria-invalid", "true");
    find("verify-key-wrong").textContent = `This is no verifier key: ${error.message}.`;
    find("verify-results").replaceChildren();
    say("A key is not one: nothing was verified.");
    return;
  }
  const at = `${new Date().toISOString().slice(0, -1)}000Z`;
  const found = await verifyAll(await recognised(waiting), keys, at, new Pace({ signal, tell: showProgress }));
  if (signal.aborted) return;
  show(found, keys.key !== null);
}

function show(found, trusting) {
  find("verify-results").replaceChildren(...found.map((one) => card(explain(one, trusting))));
  say(summary(found));
}

function showProgress(work) {
  const bar = find("verify-progress");
  if (work.all > 0) {
    bar.max = work.all;
    bar.value = Math.min(work.done, work.all);
  } else {
    bar.removeAttribute("value");
  }
  find("verify-doing").textContent = progress(work);
}

function busy(on) {
  find("verify-work").hidden = !on;
  find("verify-results").setAttribute("aria-busy", String(on));
  if (on) showProgress({ done: 0, all: 0, what: "" });
}

/** Return what is shown of one file. */
function card(words) {
  const tag = made("span", { text: words.tag, className: `tag ${COLOURS[words.verdict]}` });
  const heading = made("h3", { parts: [tag, " ", made("span", { text: words.name, className: "verify-name" })] });
  const parts = [heading, made("p", { text: words.title, className: "small" }), made("p", { text: words.sentence })];
  if (words.problem !== null) parts.push(problem(words.problem));
  parts.push(...section("What was recomputed, and agrees", words.steps, "ol"));
  parts.push(...section("What this shows", words.shows, "ul"));
  parts.push(...section("What this does not show", words.limits, "ul"));
  if (words.facts.length > 0) parts.push(facts(words.facts));
  return made("article", { className: `card verify-result verify-${words.verdict}`, parts });
}

function problem({ code, where, detail, meaning, advice }) {
  const parts = [
    made("p", { text: meaning, className: "verify-meaning" }),
    made("p", { parts: [made("code", { text: code }), " at ", made("code", { text: where })] }),
    made("p", { text: `In detail: ${detail}.` }),
    made("p", { text: advice }),
  ];
  return made("div", { className: "notice bad", parts });
}

function section(title, texts, tag) {
  if (texts.length === 0) return [];
  const items = texts.map((text) => made("li", { text }));
  return [made("h4", { text: title }), made(tag, { className: "verify-list", parts: items })];
}

function facts(pairs) {
  const parts = pairs.flatMap(([label, value]) => [made("dt", { text: label }), made("dd", { text: value })]);
  const list = made("dl", { className: "verify-facts", parts });
  return made("details", { parts: [made("summary", { text: "What stands in it" }), list] });
}

/** Say what this browser lacks; without it the page stays closed. */
async function lacking() {
  if (globalThis.crypto?.subtle === undefined) {
    return "This browser has no WebCrypto here (it wants https, or a file on this device), so nothing can be checked.";
  }
  if (typeof DecompressionStream === "undefined") {
    return "This browser cannot unpack zips (DecompressionStream): it is too old for this page.";
  }
  try {
    await crypto.subtle.importKey("raw", BASE, "Ed25519", false, ["verify"]);
  } catch {
    return "This browser has no Ed25519 in WebCrypto, so no signature can be checked here: use a newer one.";
  }
  return null;
}

function listen() {
  const zone = find("verify-zone");
  // Anywhere on the page: a file that is dropped beside the zone must not take its place.
  for (const name of ["dragenter", "dragover"]) addEventListener(name, (event) => over(event, zone, true));
  addEventListener("dragleave", (event) => over(event, zone, false));
  addEventListener("drop", (event) => {
    over(event, zone, false);
    takeList(event.dataTransfer.files);
  });
  find("verify-choose").addEventListener("change", ({ target }) => taken(target, takeList));
  find("verify-folder").addEventListener("change", ({ target }) => taken(target, takeFolder));
  find("verify-form").addEventListener("submit", (event) => {
    event.preventDefault();
    verify();
  });
  find("verify-cancel").addEventListener("click", () => working?.abort());
  find("verify-clear").addEventListener("click", clear);
}

function over(event, zone, on) {
  event.preventDefault();
  zone.classList.toggle("verify-over", on);
}

/** Hand over what was chosen, and forget the choice: the same file can be chosen again. */
function taken(input, hand) {
  hand([...input.files]);
  input.value = "";
}

function clear() {
  working?.abort();
  waiting = [];
  showWaiting();
  find("verify-results").replaceChildren();
  say("Nothing is kept.");
  find("verify-choose").focus();
}

const lack = await lacking();
if (lack === null) {
  listen();
  find("verify-tool").hidden = false;
} else {
  find("verify-lack").textContent = lack;
  find("verify-lack").hidden = false;
}
find("verify-loading").hidden = true;
