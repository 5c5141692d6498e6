namespace LogBroker.EndToEnd.Tests;

/// <summary>Programs of the system and of the peers' directory; a test that lacks one is skipped with a message.</summary>
internal static class Tools
{
    /// <summary>The path of a program of the system, or the end of the test.</summary>
    public static string Require(string program)
    {
        string? path = Find(program);
        if (path is null)
            Assert.Skip($"{program} is not installed.");
        return path;
    }

    /// <summary>A file of the peers' directory, or the end of the test.</summary>
    public static string RequirePeer(params string[] parts)
    {
        string? path = RepositoryRoot.Peers is { } peers ? Path.Combine([peers, .. parts]) : null;
        if (path is null || !File.Exists(path))
            Assert.Skip($"{string.Join('/', parts)} is not there: set LOGBROKER_PEERS to a directory that has it.");
        return path;
    }

    /// <summary>Ends the test for anybody but root.</summary>
    public static void RequireRoot()
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("Mounting a file system needs root.");
    }

    private static string? Find(string program)
    {
        string[] places = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin", "/sbin"];
        return places.Where(place => place.Length > 0).Select(place => Path.Combine(place, program)).FirstOrDefault(File.Exists);
    }
}
