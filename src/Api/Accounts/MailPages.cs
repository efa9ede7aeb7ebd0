using System.Security.Cryptography;
using System.Text;
using Veza.Api.Pages;
using Veza.Reactors.Accounts;

namespace Veza.Api.Accounts;

/// <summary>
/// The two pages that links in mails lead to, where neither the built web page nor the operator's own site serves those
/// paths.
/// </summary>
/// <remarks>
/// They are the same for everyone: the token stays in the browser, behind the #, until the person presses the button.
/// Programs that scan mail open links; opening one therefore uses nothing up.
/// </remarks>
public static class MailPages
{
    public static void MapMailPages(this IEndpointRouteBuilder app)
    {
        Map(
            app,
            AccountLetters.ProvePath,
            new(
                "Confirm your e-mail address",
                Field: "",
                "/api/v1/accounts/email/prove",
                "Confirm",
                "The address is confirmed."
            )
        );
        Map(
            app,
            AccountLetters.ResetPath,
            new(
                "Set a new password",
                PasswordField,
                "/api/v1/accounts/password-reset",
                "Set it",
                "The password is set. Sign in with it."
            )
        );
    }

    private const string PasswordField = """
        <p><label>New password, 10 characters or more<br>
        <input id="password" type="password" autocomplete="new-password"></label></p>
        """;

    private sealed record Page(string Title, string Field, string PostsTo, string Button, string Done);

    private static void Map(IEndpointRouteBuilder app, string path, Page page)
    {
        var script = Script(page);
        var html = Html(page, script);
        var hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)));
        var policy =
            $"default-src 'none'; script-src 'sha256-{hash}'; connect-src 'self'; "
            + "base-uri 'none'; frame-ancestors 'none'";
        app.MapGet(path, (HttpContext http) =>
            {
                http.Response.Headers.ContentSecurityPolicy = policy;
                http.Response.Headers["Referrer-Policy"] = "no-referrer";
                http.Response.Headers.CacheControl = "no-store";
                return Results.Content(html, "text/html; charset=utf-8");
            })
            .OpensPage()
            .AllowAnonymous()
            .ExcludeFromDescription();
    }

    private static string Html(Page page, string script) =>
        $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{page.Title}</title>
            </head>
            <body><h1>{page.Title}</h1>{page.Field}<p><button id="go">{page.Button}</button></p><p id="said"></p>
            <script>{script}</script></body>
            </html>
            """;

    private static string Script(Page page) =>
        $$"""

            const said = document.getElementById('said');
            document.getElementById('go').addEventListener('click', async () => {
              const body = { token: location.hash.slice(1), newPassword: document.getElementById('password')?.value };
              const answer = await fetch('{{page.PostsTo}}', {
                method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
              });
              said.textContent = answer.ok ? '{{page.Done}}' : (await answer.json()).detail;
            });

            """;
}
