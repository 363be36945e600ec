// The review of a draft: what is confirmed is signed here, by the key that was chosen.
import { Chooser } from "./keys/chooser.js";
import { listBytes } from "./keys/filelist.js";

const form = document.getElementById("confirm-form");
const { words, digestFile } = window.Digest;
const say = words();

const uuid = () => crypto.randomUUID();

const digestsOf = ({ sha256, sm3 }) => (sm3 ? { sha256, sm3 } : { sha256 });

const main = async () => {
  const chooser = await Chooser.open(form, say);
  const state = { files: null, list: null, id: uuid() };

  const grouping = () => {
    const marked = form.querySelector("[name=grouping]:checked") || form.elements.grouping;
    return marked.value;
  };

  // Once for all: the files do not change while this page is shown.
  const load = async () => {
    if (state.files) return;
    const answer = await fetch(form.dataset.files, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (!answer.ok) throw new Error(say("fault"));
    const { files } = await answer.json();
    state.files = files.map(({ path, length, sha256, sm3 }) => ({ path, size: length, sha256, sm3 }));
  };

  const listDigests = async () => {
    await load();
    state.list = state.list || digestFile(new Blob([listBytes(state.files)]), { sm3: form.dataset.sm3 === "yes" });
    return state.list;
  };

  const describe = async () => {
    const { chosen } = chooser;
    if (!chosen || chosen.held) return chooser.show(chooser.sentence({}));
    chooser.show(say("sign-later"));
    if (form.dataset.ready !== "yes") return null;
    await load();
    const count = state.files.length;
    if (grouping() === "list") {
      return chooser.show(chooser.sentence({ digests: await listDigests(), id: state.id, name: "sign-list", count }));
    }
    if (count > 1) return chooser.show(chooser.sentence({ digests: {}, name: "sign-files", count }));
    return chooser.show(chooser.sentence({ digests: digestsOf(state.files[0]), id: state.id }));
  };

  const wanted = async () => {
    await load();
    if (grouping() === "list") return [{ path: "", id: state.id, digests: await listDigests() }];
    const several = state.files.length > 1;
    return state.files.map((each) => ({ path: each.path, id: several ? uuid() : state.id, digests: digestsOf(each) }));
  };

  const complain = (sentence) => {
    const box = form.querySelector("[data-part=problem]");
    box.querySelector("[data-part=problem-text]").textContent = sentence;
    box.hidden = !sentence;
    if (sentence) box.focus();
  };

  form.addEventListener("change", () => describe().catch((error) => complain(error.message)));
  form.addEventListener("submit", async (event) => {
    const { chosen } = chooser;
    if (!chosen || chosen.held || form.elements.signing.value) return;
    event.preventDefault();
    complain("");
    try {
      chooser.show(say("signing"));
      const { signing } = await chooser.many(await wanted());
      form.elements.signing.value = JSON.stringify(signing);
      form.requestSubmit(event.submitter);
    } catch (error) {
      complain(error.message);
    }
  });
  // A page that comes back out of the browser's memory signs anew.
  window.addEventListener("pageshow", () => { form.elements.signing.value = ""; });
  await describe();
};

main();
