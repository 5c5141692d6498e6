using Xunit.Runner.InProc.SystemConsole;

namespace LogBroker.RocksDb.Tests;

/// <summary>Runs the tests; or, started by one with the word <c>child</c>, what that test wants done in another process.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args) =>
        args is ["child", ..] ? ChildProcess.Run(args[1..]) : await ConsoleRunner.Run(args);
}
