// A relying party made of npm openid-client: prints where the person has to go, reads where they came back to,
// and prints what it learnt, each as one line of JSON. Every check that the library knows is on.
import { createInterface } from "node:readline/promises";
import * as client from "openid-client";

const [issuer, clientId, secret, redirectUri] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (value) => console.log(JSON.stringify(value));

const config = await client.discovery(new URL(issuer), clientId, undefined, client.ClientSecretBasic(secret), {
  execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
});
const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
const address = client.buildAuthorizationUrl(config, {
  redirect_uri: redirectUri,
  scope: "openid profile phone offline_access",
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
  max_age: "300",
});
say({ go: address.href });

const came = new URL((await lines.next()).value);
const tokens = await client.authorizationCodeGrant(config, came, {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  maxAge: 300,
  idTokenExpected: true,
});
const claims = tokens.claims();
const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
await client.fetchUserInfo(config, refreshed.access_token, claims.sub);
await client.tokenRevocation(config, refreshed.refresh_token ?? tokens.refresh_token);
const active = (await client.tokenIntrospection(config, refreshed.access_token)).active;
say({ claims, person, active });
process.exit(0);
