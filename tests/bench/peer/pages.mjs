// What a person meets at the peer: a login page that believes any name, and a consent page.
//
// They are as small as pages can be. The package's own devInteractions would dump the whole interaction
// into each page for developers, a cost that no deployment has.

const page = (title, uid, fields) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>
<form method="post" action="/interaction/${uid}">${fields}<button>${title}</button></form></html>`;

const LOGIN = '<label>Name <input name="login" required></label><label>Password <input name="password" type="password"></label>';

const GREATEST_FORM = 16_384;

// Answers GET and POST /interaction/:uid.
export async function interact(provider, request, response) {
  const details = await provider.interactionDetails(request, response);
  if (request.method === 'GET') return show(details, response);
  const form = await readForm(request);
  const result = details.prompt.name === 'login'
    ? { login: { accountId: form.get('login') } }
    : { consent: { grantId: await allow(provider, details) } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: details.prompt.name === 'consent' });
}

function show({ uid, prompt }, response) {
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.setHeader('cache-control', 'no-store');
  response.end(prompt.name === 'login' ? page('Sign in', uid, LOGIN) : page('Allow', uid, ''));
}

// Records what the person agreed to and returns the grant's id.
async function allow(provider, { grantId, session, params, prompt }) {
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (prompt.details.missingOIDCScope) grant.addOIDCScope(prompt.details.missingOIDCScope.join(' '));
  if (prompt.details.missingOIDCClaims) grant.addOIDCClaims(prompt.details.missingOIDCClaims);
  return grant.save();
}

async function readForm(request) {
  let text = '';
  for await (const piece of request.setEncoding('latin1')) {
    text += piece;
    if (text.length > GREATEST_FORM) throw new Error('form too large');
  }
  return new URLSearchParams(text);
}
