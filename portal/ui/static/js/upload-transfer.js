// window.Transfer: one file on its way to the portal by tus, and questions answered in JSON. The
// queue of uploads (upload.js) builds on it.
(() => {
  "use strict";
  const PIECE = 32 * 1024 * 1024;
  const DELAYS = [0, 1000, 2000, 4000, 8000, 15000, 30000];

  // An error that says what the portal said; `session` when it asked to sign in.
  class Refusal extends Error {
    constructor(message, { status = 0, code = "", field = null, session = false } = {}) {
      super(message);
      Object.assign(this, { status, code, field, session });
    }
  }

  class Transfer {
    transfer(item, digests) {
      return new Promise((resolve, reject) => {
        item.upload = new window.tus.Upload(item.file, {
          endpoint: this.addresses.uploads,
          uploadUrl: item.address || null,
          chunkSize: PIECE,
          uploadDataDuringCreation: true,
          storeFingerprintForResuming: false,
          retryDelays: DELAYS,
          headers: { "X-CSRFToken": this.token },
          metadata: {
            draft: this.draft, path: item.path, type: item.file.type,
            modified: String(item.file.lastModified), ...(digests || {}),
          },
          onShouldRetry: (error) => this.passing(item, error),
          onProgress: (sent) => {
            item.sent = sent;
            this.sample();
            this.mark(item, "uploading");
          },
          onUploadUrlAvailable: () => { item.address = new URL(item.upload.url, location.href).pathname; },
          onSuccess: resolve,
          onError: (error) => reject(this.refusal(item, error)),
        });
        item.upload.start();
      });
    }

    // Whether to try again by itself: a lost connection, a busy portal, a piece beside another.
    passing(item, error) {
      const answer = error.originalResponse;
      const status = answer ? answer.getStatus() : 0;
      if (this.signedOut(error)) return false;
      const passing = !status || status >= 500 || [409, 423, 429].includes(status);
      if (passing) this.mark(item, "retrying");
      return passing && this.codeOf(answer) !== "file_twice";
    }

    signedOut(error) {
      const request = error.originalRequest && error.originalRequest.getUnderlyingObject();
      return Boolean(request && (request.responseURL || "").includes("/signin"));
    }

    codeOf(answer) {
      try { return JSON.parse(answer.getBody()).error.code; } catch { return ""; }
    }

    refusal(item, error) {
      const answer = error.originalResponse;
      if (this.signedOut(error)) return new Refusal("session", { session: true });
      const status = answer ? answer.getStatus() : 0;
      item.lost = !status || status >= 500;
      if (status === 404) item.address = null; // it expired; the next try begins anew
      let said = {};
      try { said = JSON.parse(answer.getBody()).error || {}; } catch { /* not ours: see below */ }
      if (said.code === "digest_mismatch") Object.assign(item, { address: null, sent: 0 });
      return new Refusal(said.message || (item.lost ? "broken" : "refused"), { status, ...said });
    }

    send(method, address, body) {
      const headers = { "X-CSRFToken": this.token, "Tus-Resumable": "1.0.0", Accept: "application/json" };
      if (body) headers["Content-Type"] = "application/json";
      return fetch(address, {
        method, headers, credentials: "same-origin", body: body ? JSON.stringify(body) : undefined,
      });
    }

    // The answer's JSON; rejects with a Refusal.
    async ask(method, address, body) {
      let answer;
      try { answer = await this.send(method, address, body); } catch { throw new Refusal("broken"); }
      if (answer.url.includes("/signin")) throw new Refusal("session", { session: true });
      const said = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
      if (answer.ok) return said;
      const error = said.error || {};
      const word = answer.status >= 500 ? "fault" : "refused";
      throw new Refusal(error.message || word, { status: answer.status, ...error });
    }
  }

  Transfer.Refusal = Refusal;
  window.Transfer = Transfer;
})();
