// The API's page. Everything comes from this site; nothing is validated or fetched elsewhere.
(() => {
  "use strict";
  const place = document.getElementById("api-docs");
  if (!place || !window.SwaggerUIBundle) return;
  const root = document.documentElement;
  const follow = () => root.classList.toggle("dark-mode", root.dataset.bsTheme === "dark");
  follow();
  new MutationObserver(follow).observe(root, { attributes: true, attributeFilter: ["data-bs-theme"] });

  const { description, token } = place.dataset;
  window.SwaggerUIBundle({
    url: description,
    domNode: place,
    validatorUrl: null,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    tryItOutEnabled: false,
    persistAuthorization: false, // a key typed here is forgotten with the page
    requestInterceptor: (request) => {
      // Without a key the request goes in the name of whoever has signed in, and says it is ours.
      if (token && !request.headers.Authorization) request.headers["X-CSRFToken"] = token;
      return request;
    },
  });
})();
