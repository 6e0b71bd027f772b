import type { Page } from "./layout.ts";

/** What sites serve in place of the page that was asked for; worded and marked as the usual vendors do it. */
export const blockPage: Page = {
  status: 403,
  title: "Access Denied",
  body: `<h1>Access Denied</h1>
<p>You don't have permission to access this page on this server.</p>
<p>Your request looks like automated traffic and has been blocked. Reference #18.5e1c2117.1764000000.2a7b9f</p>`,
};

export const captchaPage: Page = {
  status: 200,
  title: "Just a moment...",
  body: `<h1>Please verify you are a human</h1>
<p>We have noticed unusual traffic from your network. Complete the check below to go on.</p>
<form id="challenge-form" method="post"><div class="g-recaptcha" data-sitekey="6Lsample-sitekey"></div><button>Continue</button></form>`,
};

export const loginPage: Page = {
  status: 200,
  title: "Sign in",
  body: `<h1>Sign in to continue</h1>
<form id="signin-form" method="post" action="/signin">
<label>Email or username <input type="text" name="username" autocomplete="username"></label>
<label>Password <input type="password" name="password" autocomplete="current-password"></label>
<button>Sign in</button>
</form>`,
};

export const tooManyRequestsPage: Page = {
  status: 429,
  title: "Too Many Requests",
  body: "<h1>Too Many Requests</h1>\n<p>You have sent too many requests. Please wait a while and try again.</p>",
};

export const serverErrorPage: Page = {
  status: 500,
  title: "Internal Server Error",
  body: "<h1>Something went wrong on our end</h1>\n<p>We are looking into it. Please try again later.</p>",
};
