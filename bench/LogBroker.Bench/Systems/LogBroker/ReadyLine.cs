namespace LogBroker.Bench.Systems.LogBroker;

/// <summary>What logbrokerd says when it serves: <c>LogBroker ready: grpc=HOST:PORT http=HOST:PORT data=DIR node=N version=V</c>.</summary>
/// <param name="Grpc">HOST:PORT of gRPC.</param>
/// <param name="Http">HOST:PORT of health and metrics.</param>
/// <param name="Version">The broker's version.</param>
internal sealed record ReadyLine(string Grpc, string Http, string Version)
{
    private const string Begin = "LogBroker ready: ";

    /// <summary>Null for any other line.</summary>
    public static ReadyLine? TryParse(string line)
    {
        if (!line.StartsWith(Begin, StringComparison.Ordinal))
        {
            return null;
        }

        string[] fields = line[Begin.Length..].Split(' ');
        return Field(fields, "grpc=") is { } grpc && Field(fields, "http=") is { } http
            ? new ReadyLine(grpc, http, Field(fields, "version=") ?? "unknown")
            : null;
    }

    private static string? Field(string[] fields, string name) =>
        fields.FirstOrDefault(f => f.StartsWith(name, StringComparison.Ordinal))?[name.Length..];
}
