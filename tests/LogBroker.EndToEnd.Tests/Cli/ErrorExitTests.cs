using LogBroker.Cli;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.EndToEnd.Tests.Cli;

/// <summary>Every row of the error catalogue has an exit code that docs/cli.md names, and the program uses it.</summary>
public sealed class ErrorExitTests
{
    private static readonly HashSet<ExitCode> Documented =
    [
        ExitCode.Unexpected, ExitCode.Usage, ExitCode.NotFound, ExitCode.Conflict, ExitCode.Auth, ExitCode.Unavailable, ExitCode.Timeout,
        ExitCode.Corruption,
    ];

    public static TheoryData<ErrorCode> Codes => [.. ErrorCatalogue.Entries.Select(entry => entry.Code)];

    [Theory]
    [MemberData(nameof(Codes))]
    public void An_error_ends_with_the_exit_code_of_its_row(ErrorCode code)
    {
        ExitCode exit = ErrorText.ExitOf(new LogBrokerException(code, "said by the broker"));
        Assert.Equal(ErrorCatalogue.Get(code).Exit, exit);
        Assert.Contains(exit, Documented);
        string manual = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs/cli.md"));
        Assert.Matches($@"\b{(int)exit} [a-z]", manual);
    }
}
