using System.Text.Json.Nodes;
using Veza.Api.Accounts;
using Veza.Api.Chat.Channels;
using Veza.Api.Chat.Communities;
using Veza.Api.Chat.Members;
using Veza.Api.Chat.Messages;
using Veza.Api.Chat.Reading;
using Veza.Api.Chat.Roles;
using Veza.Api.Live.Broadcasts;
using Veza.Api.Music.Listening;
using Veza.Api.Music.Tracks;
using Veza.Api.Social.Comments;

namespace Veza.Api.OpenApi;

/// <summary>A realistic example of each body.</summary>
internal static class Examples
{
    public static JsonNode? For(Type body) => Texts.TryGetValue(body, out var json) ? JsonNode.Parse(json) : null;

    private static readonly Dictionary<Type, string> Texts = new()
    {
        [typeof(RegisterBody)] = """{"userName":"ada","email":"ada@example.org","password":"correct horse battery"}""",
        [typeof(SignInBody)] = """{"name":"ada","password":"correct horse battery","device":"Ada's phone"}""",
        [typeof(RefreshBody)] = """{"refreshToken":"01a1fb62ede97fecab30a41be89858d0.4yV3mT0lXkQ9hUo2sNnB7w"}""",
        [typeof(ChangePasswordBody)] =
            """{"currentPassword":"correct horse battery","newPassword":"staple after staple"}""",
        [typeof(ResetPasswordBody)] =
            """{"token":"AaH7Yu3pf-yrMKQb6JhY0C5F0n3s5c1mYl1m6JrR9d0","newPassword":"staple after staple"}""",
        [typeof(ChangeEmailBody)] = """{"email":"ada@example.com","password":"correct horse battery"}""",
        [typeof(ProveEmailBody)] =
            """{"token":"AaH7Yu3pf-yrMKQb6JhY0AGh-2LsHHukgb8l3Kn9Cn8F0n3s5c1mYl1m6JrR9d04yV3mT0lXkQ9hUo2sNnB7w"}""",
        [typeof(RequestPasswordResetBody)] = """{"email":"ada@example.org"}""",
        [typeof(EraseAccountBody)] = """{"password":"correct horse battery"}""",
        [typeof(SuspensionBody)] = """{"reason":"Sells followers","until":"2030-01-01T00:00:00Z"}""",
        [typeof(EndSuspensionBody)] = """{"reason":"It was a mistake"}""",
        [typeof(BeginTwoFactorBody)] = """{"password":"correct horse battery"}""",
        [typeof(CreateApiKeyBody)] = """{"name":"concert bot","scopes":["messages:write","tracks:read"],"days":90}""",
        [typeof(CodeBody)] = """{"code":"287082"}""",
        [typeof(UploadTrackForm)] =
            """{"title":"Night drive","genre":"house","description":"Made on a train","file":"night-drive.flac"}""",
        [typeof(CommentOnTrackBody)] = """{"text":"This drop!","atMs":61500}""",
        [typeof(CreateCommunityBody)] = """{"name":"Vinyl diggers"}""",
        [typeof(CreateChannelBody)] =
            """{"name":"new-releases","kind":"announcement","topic":"What came out this week","slowModeSeconds":0}""",
        [typeof(ChangeChannelBody)] =
            """{"name":"crate-digging","topic":"What did you find?","slowModeSeconds":30,"nsfw":false}""",
        [typeof(ChannelPlaceBody)] = """
            {"categoryId":"01a2297c-8697-7258-8fca-5c007df9ce05","afterChannelId":null}
            """,
        [typeof(RoleBody)] =
            """{"name":"Crew","colour":15105570,"permissions":"8192","hoisted":true,"mentionable":false}""",
        [typeof(RolePlaceBody)] = """{"aboveRoleId":"01a2297c-8697-7258-8fca-5c007df9ce05"}""",
        [typeof(OverwriteBody)] = """{"target":"role","allow":"0","deny":"2048"}""",
        [typeof(BanBody)] = """{"reason":"Sells watches","deleteMessagesHours":24}""",
        [typeof(TimeOutBody)] = """{"until":"2026-03-01T12:30:00Z","reason":"Cool down"}""",
        [typeof(SendMessageBody)] = """{"text":"Has anybody heard the **B-side**? 🔥"}""",
        [typeof(EditMessageBody)] = """{"text":"Has anybody heard the *other* B-side? 🔥"}""",
        [typeof(MarkReadBody)] = """{"upTo":48211}""",
        [typeof(ReportPlayBody)] = """{"heardMs":30000,"positionMs":45000,"ended":false}""",
        [typeof(CreateBroadcastBody)] = """{"title":"Sunday morning set"}""",
    };
}
