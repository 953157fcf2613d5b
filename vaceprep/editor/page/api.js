// The requests of the page, all below its own address. A refusal is an Error with the server's sentence.

const ROOT = new URL("./api/", document.baseURI);

export class Refused extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

/** The address of an endpoint; parameters without a value are left out. */
export function url(path, parameters = {}) {
  const address = new URL(path, ROOT);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null) address.searchParams.set(name, String(value));
  }
  return address.href;
}

async function answer(path, parameters, options) {
  let response;
  try {
    response = await fetch(url(path, parameters), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("vaceprep does not answer; start `vaceprep edit` again.", 0);
  }
  if (response.ok) return response;
  let sentence = `vaceprep answered ${response.status}`;
  try {
    sentence = (await response.json()).error ?? sentence;
  } catch {
    // No JSON: the status alone.
  }
  throw new Refused(sentence, response.status);
}

export async function get(path, parameters, signal) {
  return (await answer(path, parameters, { signal })).json();
}

export async function picture(path, parameters, signal) {
  return (await answer(path, parameters, { signal })).blob();
}

export async function put(path, parameters, body, signal) {
  return send("PUT", path, parameters, body, signal);
}

export async function post(path, parameters, body) {
  return send("POST", path, parameters, body);
}

async function send(method, path, parameters, body, signal) {
  const isFile = body instanceof Blob;
  const options = { method, signal };
  if (body !== undefined) {
    options.body = isFile ? body : JSON.stringify(body);
    options.headers = {
      "Content-Type": isFile ? body.type || "application/octet-stream" : "application/json",
    };
  }
  return (await answer(path, parameters, options)).json();
}
