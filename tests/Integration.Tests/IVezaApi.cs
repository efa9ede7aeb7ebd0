using System.Net;
using System.Text.Json;
using Veza.Api;

namespace Veza.Integration.Tests;

/// <summary>
/// The API of the one Veza of the tests: over its port, as <see cref="VezaServer"/>, or without a socket, as
/// <see cref="VezaEndpoints"/>. Both have the same accounts and the same log.
/// </summary>
public interface IVezaApi
{
    /// <summary>The prefix of every path.</summary>
    string Address { get; }

    HttpClient Http { get; }

    RunningVeza Running { get; }

    string Home { get; }

    string ConnectionString { get; }

    /// <summary>A person that several tests may share, because no test changes it.</summary>
    Task<Person> SharedAsync(string name);
}

public static class People
{
    extension(IVezaApi veza)
    {
        /// <summary>A client that is not signed in.</summary>
        public Person Anonymous => new(veza, Guid.Empty, "", null);

        /// <summary>Registers a new person with a unique name.</summary>
        public async Task<Person> RegisterAsync(string name)
        {
            var userName = $"{name}_{Guid.CreateVersion7().ToString("N")[20..]}";
            var anonymous = veza.Anonymous;
            var registration = new
            {
                userName,
                email = $"{userName}@example.org",
                password = "correct horse battery",
            };
            var account = await anonymous.PostAsync("/api/v1/accounts", registration).JsonAsync(HttpStatusCode.Created);
            var person = new Person(veza, account.Id(), userName, account.GetProperty("accessToken").GetString());
            // The person's first read then includes the registration.
            person.SeeWhat(anonymous);
            return person;
        }

        /// <summary>The operator of the first start, which is an analyst too.</summary>
        public async Task<Person> OperatorAsync()
        {
            var file = await File.ReadAllBytesAsync(Path.Combine(veza.Home, "operator.json"));
            var credentials = JsonDocument.Parse(file).RootElement;
            var session = await veza
                .Anonymous.PostAsync(
                    "/api/v1/sessions",
                    new
                    {
                        name = credentials.GetProperty("userName").GetString(),
                        password = credentials.GetProperty("password").GetString(),
                    }
                )
                .JsonAsync(HttpStatusCode.Created);
            var token = session.GetProperty("accessToken").GetString();
            return new(veza, session.GetProperty("accountId").GetGuid(), "operator", token);
        }
    }
}
