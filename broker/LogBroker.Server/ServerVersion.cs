using System.Reflection;

namespace LogBroker.Server;

/// <summary>The version of this build.</summary>
internal static class ServerVersion
{
    private static readonly string[] Parts = Informational.Split('+');

    private static string Informational =>
        typeof(ServerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    /// <summary>Major.minor.patch.</summary>
    public static string Text => Parts[0];

    /// <summary>The commit it was built from, or "".</summary>
    public static string Commit => Parts.Length > 1 ? Parts[1] : "";
}
