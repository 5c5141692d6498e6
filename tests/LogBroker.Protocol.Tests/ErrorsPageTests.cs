using System.Globalization;
using System.Text;

namespace LogBroker.Protocol.Tests;

/// <summary>
/// docs/errors.md is generated from the catalogue: <c>LOGBROKER_WRITE_DOCS=1 dotnet test tests/LogBroker.Protocol.Tests</c>.
/// </summary>
public sealed class ErrorsPageTests
{
    private const string Head =
        """
        # Errors

        <!-- Generated from ErrorCatalogue: LOGBROKER_WRITE_DOCS=1 dotnet test tests/LogBroker.Protocol.Tests -->

        A failed call carries a `google.rpc.Status` in the trailer `grpc-status-details-bin`; a failed item of a stream or of a request
        with many items carries one in its `error` field. Its details hold a `google.rpc.ErrorInfo` with the domain `logbroker`, the
        reason below, and as metadata every number and name of the message once more; where waiting helps there is a
        `google.rpc.RetryInfo` too. The message is one sentence for people: it names the field, the value (cut to 64 escaped
        characters) and the limit. Programs should look at the reason.

        *Retriable* means that the same request may succeed later, and that a retry can do no harm that the first try could not. The SDK
        retries these by itself until the delivery deadline. *Exit* is the exit code of the command line program.

        | reason | no. | gRPC status | retriable | exit | cause | what to do |
        |---|---|---|---|---|---|---|
        """;

    [Fact]
    public void The_page_is_current()
    {
        string path = Path.Combine(Repository.Root, "docs", "errors.md");
        if (Environment.GetEnvironmentVariable("LOGBROKER_WRITE_DOCS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, Page());
        }

        Assert.Equal(Page(), File.ReadAllText(path));
    }

    private static string Page()
    {
        var page = new StringBuilder(Head).Append('\n');
        foreach (ErrorCatalogueEntry e in ErrorCatalogue.Entries)
        {
            string retriable = e.IsRetriable ? "yes" : "no";
            page.Append(CultureInfo.InvariantCulture, $"| `{e.Reason}` | {(int)e.Code} | {Screaming(e.Status)} | {retriable} ");
            page.Append(CultureInfo.InvariantCulture, $"| {(int)e.Exit} | {e.Cause} | {e.ClientAction} |\n");
        }

        return page.ToString();
    }

    private static string Screaming(CanonicalStatus status) =>
        string.Concat(status.ToString().Select((c, i) => i > 0 && char.IsUpper(c) ? $"_{c}" : char.ToUpperInvariant(c).ToString()));
}
