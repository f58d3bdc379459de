// Relying parties made of npm openid-client, one after another in one process. Each line of standard input is an
// event for the journey at hand: first what to play, then where the person came back to. Each line of standard output
// is what the journey says: where the person has to go, and what was learnt. Every check that the library knows is on.
import { createInterface } from "node:readline/promises";
import * as client from "openid-client";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const hear = async () => JSON.parse((await lines.next()).value ?? "null");
const say = (value) => console.log(JSON.stringify(value));

const imported = async ({ kid, ...jwk }) => ({
  kid,
  key: await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]),
});

async function configured(party, authentication, ...execute) {
  const strict = [client.allowInsecureRequests, client.enableNonRepudiationChecks];
  return client.discovery(new URL(party.issuer), party.client_id, party.metadata, authentication, {
    execute: [...strict, ...execute],
  });
}

const withSecret = (party) => client.ClientSecretBasic(party.client_secret);

// What a person is asked for, and the checks of the answer that belong to it.
async function asked(party, more = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  return {
    parameters: {
      redirect_uri: party.redirect_uri,
      scope: party.scope,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      nonce,
      max_age: "300",
      ...more,
    },
    checks: {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      maxAge: 300,
      idTokenExpected: true,
    },
  };
}

async function redeemed(config, address, checks, options) {
  say({ go: address.href });
  return client.authorizationCodeGrant(config, new URL((await hear()).came), checks, undefined, options);
}

// Everything that tokens are for: UserInfo before and after a refresh, then all of it given back.
async function used(config, tokens, options) {
  const claims = tokens.claims();
  const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub, options);
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, options);
  await client.fetchUserInfo(config, refreshed.access_token, claims.sub, options);
  const before = await client.tokenIntrospection(config, refreshed.access_token);
  await client.tokenRevocation(config, refreshed.refresh_token ?? tokens.refresh_token);
  const after = await client.tokenIntrospection(config, refreshed.access_token);
  return { claims, person, type: tokens.token_type, cnf: before.cnf, active: [before.active, after.active] };
}

const journeys = {
  async code(party) {
    const config = await configured(party, withSecret(party));
    const { parameters, checks } = await asked(party);
    return used(config, await redeemed(config, client.buildAuthorizationUrl(config, parameters), checks));
  },

  async "PAR, DPoP and private_key_jwt"(party) {
    const config = await configured(party, client.PrivateKeyJwt(await imported(party.key)));
    const options = { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256")) };
    const { parameters, checks } = await asked(party);
    const address = await client.buildAuthorizationUrlWithPAR(config, parameters, options);
    return used(config, await redeemed(config, address, checks, options), options);
  },

  async JAR(party) {
    const config = await configured(party, withSecret(party));
    const { parameters, checks } = await asked(party);
    const address = await client.buildAuthorizationUrlWithJAR(config, parameters, await imported(party.key));
    return used(config, await redeemed(config, address, checks));
  },

  async JARM(party) {
    const config = await configured(party, withSecret(party), client.useJwtResponseMode);
    const { parameters, checks } = await asked(party);
    return used(config, await redeemed(config, client.buildAuthorizationUrl(config, parameters), checks));
  },

  async device(party) {
    const config = await configured(party, withSecret(party));
    const began = await client.initiateDeviceAuthorization(config, { scope: party.scope });
    say({ type: began.user_code, at: began.verification_uri });
    await hear();
    return used(config, await client.pollDeviceAuthorizationGrant(config, { ...began, interval: 0.1 }));
  },

  async client_credentials(party) {
    const config = await configured(party, client.PrivateKeyJwt(await imported(party.key)));
    const options = { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256")) };
    const tokens = await client.clientCredentialsGrant(config, { scope: party.scope }, options);
    const { active, cnf, sub } = await client.tokenIntrospection(config, tokens.access_token);
    return { type: tokens.token_type, active, cnf, sub, scope: tokens.scope };
  },
};

for (let party = await hear(); party !== null; party = await hear()) {
  say(await journeys[party.journey](party).catch((error) => ({ failed: `${error}: ${error.code}`, cause: `${error.cause}` })));
}
process.exit(0);
