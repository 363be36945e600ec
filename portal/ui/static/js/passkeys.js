// Passkeys: a form whose button first asks the browser for a credential and then sends it.
(() => {
  "use strict";
  const bytes = (text) => {
    const padded = text.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat((4 - (text.length % 4)) % 4);
    return Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0));
  };
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");

  const known = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  const asked = (kind, options) => {
    const wanted = { ...options, challenge: bytes(options.challenge) };
    if (kind === "get") {
      if (options.allowCredentials) wanted.allowCredentials = known(options.allowCredentials);
      return navigator.credentials.get({ publicKey: wanted });
    }
    wanted.user = { ...options.user, id: bytes(options.user.id) };
    wanted.excludeCredentials = known(options.excludeCredentials);
    return navigator.credentials.create({ publicKey: wanted });
  };

  const written = (credential) => {
    const from = credential.response;
    const response = { clientDataJSON: text(from.clientDataJSON) };
    if (from.attestationObject) {
      response.attestationObject = text(from.attestationObject);
      response.transports = from.getTransports ? from.getTransports() : [];
    } else {
      response.authenticatorData = text(from.authenticatorData);
      response.signature = text(from.signature);
      if (from.userHandle) response.userHandle = text(from.userHandle);
    }
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response,
      clientExtensionResults: {},
    });
  };

  const challenge = async (form) => {
    const token = form.querySelector("[name=csrf_token]").value;
    const answer = await fetch(form.dataset.challenge, {
      method: "POST",
      headers: { "X-CSRFToken": token, Accept: "application/json" },
    });
    const type = answer.headers.get("Content-Type") || "";
    return answer.ok && !answer.redirected && type.startsWith("application/json") ? answer.json() : answer;
  };

  const use = async (form) => {
    const problem = form.querySelector("[data-part=problem]");
    const button = form.querySelector("button");
    const say = (what) => {
      problem.textContent = problem.dataset[what];
      problem.hidden = false;
      button.disabled = false;
    };
    problem.hidden = true;
    button.disabled = true;
    const options = await challenge(form).catch(() => null);
    if (options instanceof Response && options.redirected) {
      // The page behind the challenge wants to know first who it is.
      window.location.assign(options.url);
      return;
    }
    if (!options || options instanceof Response) {
      say("expired");
      return;
    }
    try {
      const credential = await asked(form.dataset.passkey, options);
      form.querySelector("[name=credential]").value = written(credential);
      form.submit();
    } catch (error) {
      say(error.name === "InvalidStateError" ? "known" : "refused");
    }
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("button");
    if (window.location.origin !== form.dataset.origin) {
      const place = form.querySelector("[data-part=elsewhere]");
      const link = place.querySelector("a");
      link.href = form.dataset.origin + window.location.pathname + window.location.search;
      place.hidden = false;
      button.disabled = true;
    } else if (!window.PublicKeyCredential) {
      const problem = form.querySelector("[data-part=problem]");
      problem.textContent = problem.dataset.missing;
      problem.hidden = false;
      button.disabled = true;
    }
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      use(form);
    });
  }
})();
