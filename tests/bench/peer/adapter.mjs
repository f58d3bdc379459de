// Storage of the peer: one PostgreSQL table that holds every kind of record oidc-provider keeps.
//
// This is the shape its users commonly write: one statement per verb, one row per record, JSON payload.
// Statements are named so that PostgreSQL plans each of them once per connection: the peer gets the best
// form of its own design, because a slow adapter would flatter our ratio.

export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS records (
    kind text NOT NULL,
    id text NOT NULL,
    payload jsonb NOT NULL,
    grant_id text,
    uid text,
    user_code text,
    expires_at timestamptz,
    consumed_at timestamptz,
    PRIMARY KEY (kind, id)
  );
  CREATE INDEX IF NOT EXISTS records_of_grant ON records (grant_id) WHERE grant_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS record_of_session ON records (uid) WHERE uid IS NOT NULL;
`;

const UPSERT = `
  INSERT INTO records (kind, id, payload, grant_id, uid, user_code, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))
  ON CONFLICT (kind, id) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id,
    uid = excluded.uid, user_code = excluded.user_code, expires_at = excluded.expires_at`;
const FIND = `
  SELECT payload, consumed_at FROM records
  WHERE kind = $1 AND id = $2 AND (expires_at IS NULL OR expires_at > now())`;
const FIND_BY_UID = `
  SELECT payload, consumed_at FROM records
  WHERE kind = $1 AND uid = $2 AND (expires_at IS NULL OR expires_at > now())`;
const FIND_BY_USER_CODE = `
  SELECT payload, consumed_at FROM records
  WHERE kind = $1 AND user_code = $2 AND (expires_at IS NULL OR expires_at > now())`;
const CONSUME = 'UPDATE records SET consumed_at = now() WHERE kind = $1 AND id = $2';
const DESTROY = 'DELETE FROM records WHERE kind = $1 AND id = $2';
const REVOKE = 'DELETE FROM records WHERE kind = $1 AND grant_id = $2';

// The class that oidc-provider asks for one instance of per kind of record ("Session", "AccessToken", …).
export function adapterOn(pool) {
  return class PostgresAdapter {
    constructor(kind) {
      this.kind = kind;
    }

    async upsert(id, payload, expiresIn) {
      const { grantId = null, uid = null, userCode = null } = payload;
      const seconds = expiresIn ?? null;
      await this.run('upsert', UPSERT, [id, JSON.stringify(payload), grantId, uid, userCode, seconds]);
    }

    async find(id) {
      return this.one('find', FIND, [id]);
    }

    async findByUid(uid) {
      return this.one('find_by_uid', FIND_BY_UID, [uid]);
    }

    async findByUserCode(userCode) {
      return this.one('find_by_user_code', FIND_BY_USER_CODE, [userCode]);
    }

    async consume(id) {
      await this.run('consume', CONSUME, [id]);
    }

    async destroy(id) {
      await this.run('destroy', DESTROY, [id]);
    }

    async revokeByGrantId(grantId) {
      await this.run('revoke', REVOKE, [grantId]);
    }

    run(name, text, values) {
      return pool.query({ name, text, values: [this.kind, ...values] });
    }

    async one(name, text, values) {
      const { rows } = await this.run(name, text, values);
      if (rows.length === 0) return undefined;
      const [{ payload, consumed_at: consumedAt }] = rows;
      return consumedAt ? { ...payload, consumed: Math.floor(consumedAt / 1000) } : payload;
    }
  };
}
