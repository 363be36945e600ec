// Plays a recording's segments one after the other: while one is on, the next is loaded in the other
// of two video elements, so that they join. Time is the recording's own, gaps included.
(() => {
  "use strict";

  const clock = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    const pad = (number) => String(number).padStart(2, "0");
    const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
    return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
  };

  class Player {
    constructor(root) {
      this.root = root;
      Object.assign(this, JSON.parse(root.dataset.player));
      this.videos = [...root.querySelectorAll(".player-stage video")];
      this.gapNote = root.querySelector(".player-gap");
      this.bar = root.querySelector(".player-seek");
      this.playButton = root.querySelector("[data-player-play]");
      this.at = 0; // seconds of the recording
      this.playing = false;
      this.speed = 1;
      this.index = -1;
      this.front = 0; // which of the two is seen
      this.gapTimer = 0;
      this.videos.forEach((video, number) => this.listen(video, number));
      this.controls();
      this.seek(0);
    }

    listen(video, number) {
      video.addEventListener("timeupdate", () => {
        if (number === this.front && this.index >= 0 && !video.seeking) {
          this.show(this.segments[this.index].start + video.currentTime);
        }
      });
      video.addEventListener("ended", () => {
        if (number === this.front) this.next();
      });
      video.addEventListener("error", () => {
        if (number === this.front && video.src && this.playing) this.next();
      });
    }

    controls() {
      const on = (selector, event, act) => this.root.querySelector(selector).addEventListener(event, act);
      on("[data-player-play]", "click", () => this.toggle());
      on("[data-player-back]", "click", () => this.seek(this.at - 10));
      on("[data-player-on]", "click", () => this.seek(this.at + 10));
      on("[data-player-speed]", "change", (event) => {
        this.speed = Number(event.target.value);
        this.videos.forEach((video) => { video.playbackRate = this.speed; });
      });
      this.bar.addEventListener("input", () => this.seek(Number(this.bar.value)));
      on(".player-stage", "click", () => this.toggle());
      on(".player-stage", "keydown", (event) => {
        const steps = { ArrowLeft: -5, ArrowRight: 5, Home: -Infinity };
        if (event.key === " ") this.toggle();
        else if (event.key in steps) this.seek(Math.max(0, this.at + steps[event.key]));
        else return;
        event.preventDefault();
      });
    }

    // Which segment holds a moment; of a gap, the one after it.
    find(at) {
      const found = this.segments.findIndex((each) => at < each.start + each.seconds);
      return found < 0 ? this.segments.length - 1 : found;
    }

    load(video, index) {
      const url = this.segments[index].url;
      if (video.dataset.url !== url) {
        video.dataset.url = url;
        video.src = url;
        video.playbackRate = this.speed;
      }
    }

    seek(at) {
      clearTimeout(this.gapTimer);
      const wanted = Math.min(Math.max(0, at), this.seconds);
      const index = this.find(wanted);
      const segment = this.segments[index];
      this.show(wanted);
      if (wanted < segment.start) return this.gap(index, segment.start - wanted);
      this.bring(index, wanted - segment.start);
    }

    // Show segment `index` from `offset` on.
    bring(index, offset) {
      this.gapNote.hidden = true;
      const other = 1 - this.front;
      const url = this.segments[index].url;
      if (this.videos[this.front].dataset.url !== url && this.videos[other].dataset.url === url) {
        this.videos[this.front].pause();
        this.front = other;
      }
      const video = this.videos[this.front];
      this.load(video, index);
      this.index = index;
      const place = () => {
        if (Math.abs(video.currentTime - offset) > 0.05) video.currentTime = offset;
        this.run();
      };
      if (video.readyState >= 1) place();
      else video.addEventListener("loadedmetadata", place, { once: true });
      this.videos.forEach((each) => each.classList.toggle("is-on", each === video));
      if (index + 1 < this.segments.length) this.load(this.videos[1 - this.front], index + 1);
    }

    next() {
      const index = this.index + 1;
      if (index >= this.segments.length) {
        this.show(this.seconds);
        return this.pause();
      }
      const [before, after] = [this.segments[index - 1], this.segments[index]];
      const hole = after.start - (before.start + before.seconds);
      if (hole > 1.5) {
        this.show(before.start + before.seconds);
        return this.gap(index, hole);
      }
      this.bring(index, 0);
    }

    // Nothing was recorded: say so for as long as it lasted, five seconds at most.
    gap(index, seconds) {
      this.gapNote.hidden = false;
      this.videos.forEach((video) => { video.pause(); video.classList.remove("is-on"); });
      if (!this.playing) { this.index = index; return; }
      const wait = Math.min(seconds, 5) * 1000 / this.speed;
      this.gapTimer = setTimeout(() => this.bring(index, 0), wait);
    }

    run() {
      const video = this.videos[this.front];
      if (!this.playing) return video.pause();
      video.playbackRate = this.speed;
      video.play().catch(() => this.pause());
    }

    toggle() {
      if (this.playing) return this.pause();
      this.playing = true;
      this.root.classList.add("is-playing");
      this.word(this.playButton.dataset.pause);
      if (this.at >= this.seconds - 0.2) this.seek(0);
      else if (!this.gapNote.hidden) this.gap(this.index, 0.5);
      else this.run();
    }

    pause() {
      clearTimeout(this.gapTimer);
      this.playing = false;
      this.root.classList.remove("is-playing");
      this.word(this.playButton.dataset.play);
      this.videos[this.front].pause();
    }

    word(text) {
      this.root.querySelector("[data-player-word]").textContent = text;
    }

    show(at) {
      this.at = at;
      this.bar.value = String(at);
      this.bar.setAttribute("aria-valuetext", clock(at));
      this.root.querySelector("[data-player-now]").textContent = clock(at);
      this.mark();
    }

    // The last picture and the last moment that have come are marked.
    mark() {
      for (const list of document.querySelectorAll(".film, .moments-list")) {
        let last = null;
        for (const button of list.querySelectorAll("[data-seek]")) {
          button.classList.remove("is-now");
          if (Number(button.dataset.seek) <= this.at + 0.05) last = button;
        }
        if (last) last.classList.add("is-now");
      }
    }
  }

  // Pictures of the filmstrip are loaded when they come into sight.
  const film = (root) => {
    const watcher = new IntersectionObserver((entries) => {
      for (const entry of entries.filter((each) => each.isIntersecting)) {
        entry.target.preload = "metadata";
        entry.target.src = entry.target.dataset.src;
        watcher.unobserve(entry.target);
      }
    });
    root.querySelectorAll("video[data-src]").forEach((video) => watcher.observe(video));
  };

  for (const root of document.querySelectorAll("[data-player]")) {
    const player = new Player(root);
    root.player = player;
    film(root);
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-seek]");
      if (!button) return;
      player.seek(Number(button.dataset.seek));
      if (!root.contains(button)) root.scrollIntoView({ block: "nearest", behavior: "smooth" });
    });
  }
})();
