// Reading a QR code, where the browser itself can: by camera or from a photo. Pictures never leave
// the computer, and whatever address a code holds, only the number in it is looked up, here.
(() => {
  "use strict";
  const dialog = document.getElementById("scan-dialog");
  const opener = document.getElementById("scan-open");
  const photo = document.getElementById("scan-photo");
  if (!dialog || !opener) return;
  const { refused, foreign, nothing } = dialog.dataset;
  const video = dialog.querySelector("video");
  const problem = document.getElementById("scan-problem");
  const input = document.getElementById("n");
  let detector = null;
  let stream = null;

  const tell = (sentence) => {
    problem.textContent = sentence;
    problem.hidden = !sentence;
  };

  const unable = () => {
    opener.hidden = true;
    photo.hidden = true;
    document.getElementById("scan-none").hidden = false;
  };

  const prepare = async () => {
    if (!("BarcodeDetector" in window)) return unable();
    try {
      const formats = await window.BarcodeDetector.getSupportedFormats();
      if (!formats.includes("qr_code")) return unable();
      detector = new window.BarcodeDetector({ formats: ["qr_code"] });
    } catch {
      return unable();
    }
    if (!navigator.mediaDevices) opener.hidden = true;
  };

  // The number in an address such as …/verify/NE20261121-7K3M9QXT, or what a code says by itself.
  const numberIn = (text) => {
    const found = /\/(?:verify|v)\/([^/?#]+)/.exec(text);
    if (found) return decodeURIComponent(found[1]);
    return /^[^\s/][^/]{3,80}$/.test(text) ? text : "";
  };

  const use = (text) => {
    const number = numberIn(text.slice(0, 500));
    if (!number) return tell(foreign);
    input.value = number;
    input.form.requestSubmit();
  };

  const stop = () => {
    if (stream) for (const track of stream.getTracks()) track.stop();
    stream = null;
    video.srcObject = null;
  };

  const look = async () => {
    while (stream && dialog.open) {
      const codes = await detector.detect(video).catch(() => []);
      if (codes.length) {
        dialog.close();
        return use(codes[0].rawValue);
      }
      await new Promise((resolve) => { setTimeout(resolve, 120); });
    }
  };

  opener.addEventListener("click", async () => {
    tell("");
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      return tell(refused);
    }
    video.srcObject = stream;
    dialog.showModal();
    // A picture that is not there yet is no code; looking begins at once.
    video.play().catch(() => {});
    look();
  });

  document.getElementById("scan-file").addEventListener("change", async ({ target }) => {
    tell("");
    const [file] = target.files;
    target.value = "";
    if (!file) return;
    try {
      const codes = await detector.detect(await createImageBitmap(file));
      if (codes.length) use(codes[0].rawValue);
      else tell(nothing);
    } catch {
      tell(nothing);
    }
  });

  document.getElementById("scan-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", stop);
  prepare();
})();
