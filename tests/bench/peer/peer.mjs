// The peer that ./bench measures us against: npm oidc-provider in one process on PostgreSQL.
//
// Environment: PORT, PGHOST and PGDATABASE (libpq names), CLIENT_ID, CLIENT_SECRET, PUBLIC_CLIENT_ID, REDIRECT_URI.
// Prints "ready" once it listens on loopback.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';
import pg from 'pg';

import { adapterOn, SCHEMA } from './adapter.mjs';
import { interact } from './pages.mjs';

const { PORT, CLIENT_ID, CLIENT_SECRET, PUBLIC_CLIENT_ID, REDIRECT_URI } = process.env;

const pool = new pg.Pool({ max: 5 });
await pool.query(SCHEMA);

const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });

// Whoever asks for this resource gets a signed token; without one the peer's tokens are opaque.
const SIGNED = { scope: '', accessTokenTTL: 600, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } };

const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  adapter: adapterOn(pool),
  jwks: { keys: [{ ...signingKey, kid: 'bench', alg: 'ES256', use: 'sig' }] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  clients: [{
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    redirect_uris: [REDIRECT_URI],
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'ES256',
  }, {
    client_id: PUBLIC_CLIENT_ID,
    redirect_uris: [REDIRECT_URI],
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
    id_token_signed_response_alg: 'ES256',
  }],
  scopes: ['openid', 'profile', 'email', 'phone', 'address', 'offline_access'],
  claims: {
    openid: ['sub'],
    profile: ['name', 'given_name', 'family_name', 'birthdate', 'gender', 'locale', 'zoneinfo', 'updated_at'],
    email: ['email', 'email_verified'],
    phone: ['phone_number', 'phone_number_verified'],
    address: ['address'],
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: { enabled: true, getResourceServerInfo: () => SIGNED },
  },
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { AccessToken: 600, AuthorizationCode: 60, ClientCredentials: 600, Grant: 86_400, IdToken: 300, Interaction: 900, RefreshToken: 86_400, Session: 43_200 },
  findAccount: (_, id) => ({ accountId: id, claims: () => person(id) }),
});

// The record of any person: the peer keeps none, so it pays nothing to read it.
const person = (id) => ({
  sub: id,
  name: 'Hong Gildong',
  given_name: 'Gildong',
  family_name: 'Hong',
  birthdate: '1990-01-01',
  gender: 'male',
  locale: 'ko',
  zoneinfo: 'Europe/Berlin',
  updated_at: 1_700_000_000,
  email: 'hong@example.org',
  email_verified: true,
  phone_number: '+4915112345678',
  phone_number_verified: true,
  address: { country: 'DE', locality: 'Berlin' },
});

const answer = provider.callback();

createServer((request, response) => {
  if (!request.url.startsWith('/interaction/')) return answer(request, response);
  return interact(provider, request, response).catch((error) => {
    response.statusCode = 500;
    response.end(String(error));
  });
}).listen(Number(PORT), '127.0.0.1', () => console.log('ready'));

process.once('SIGTERM', () => process.exit(0));
