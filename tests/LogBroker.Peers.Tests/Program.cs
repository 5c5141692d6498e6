using Xunit.Runner.InProc.SystemConsole;

namespace LogBroker.Peers.Tests;

/// <summary>Runs the tests; or, started by one with the word <c>child</c>, is a node in a process of its own.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args) =>
        args is ["child", ..] ? await ChildNode.RunAsync(args[1..]) : await ConsoleRunner.Run(args);
}
