// A SAML identity provider that encrypts what it asserts: `node provider.js PORT DIRECTORY ENTITY_ID ACS_URL`.
// DIRECTORY has idp.key and idp.pem, ours, and portal.pem and portal.pub, the portal's. Modules: NODE_PATH.
const fs = require("node:fs");
const path = require("node:path");
const express = require("express");
const samlp = require("samlp");

const [port, directory, audience, acs] = process.argv.slice(2);
const read = (name) => fs.readFileSync(path.join(directory, name));
const keys = { cert: read("idp.pem"), key: read("idp.key") };
const common = {
  ...keys,
  issuer: `http://127.0.0.1:${port}/idp`,
  signatureAlgorithm: "rsa-sha256",
  digestAlgorithm: "sha256",
};
const user = {
  id: "m.factor",
  displayName: "M. Factor",
  emails: [{ value: "m.factor@acme.example" }],
  name: { givenName: "M.", familyName: "Factor" },
};

const app = express();
app.get("/metadata", samlp.metadata({ ...common, redirectEndpointPath: "/sso", postEndpointPath: "/sso" }));
app.get("/sso", (request, response, next) =>
  samlp.auth({
    ...common,
    signResponse: request.query.signed === "response",
    encryptionCert: read("portal.pem"),
    encryptionPublicKey: read("portal.pub"),
    encryptionAlgorithm: "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    authnContextClassRef: "https://refeds.org/profile/mfa",
    audience,
    destination: acs,
    recipient: acs,
    getPostURL: (_audience, _dom, _request, done) => done(null, acs),
    getUserFromRequest: () => user,
  })(request, response, next),
);
app.listen(Number(port), "127.0.0.1");
