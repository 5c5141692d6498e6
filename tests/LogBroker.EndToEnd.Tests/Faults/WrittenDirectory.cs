namespace LogBroker.EndToEnd.Tests;

/// <summary>A data directory that a broker wrote once and left in good order; each test damages a copy.</summary>
public sealed class WrittenDirectory : IAsyncLifetime
{
    public const int BatchesCount = 60;
    private const int ValueChars = 2000;

    private readonly TestDirectory _directory = new();

    public static string Value(string topic, int number) => $"{topic} {number} ".PadRight(ValueChars, '.');

    public async ValueTask InitializeAsync()
    {
        await using var server = await ServerProcess.StartAsync(_directory.File("data"));
        await using var client = new TestClient(server);
        await client.CreateTopicAsync("orders", 1, ("segment.bytes", "65536"), ("index.interval.bytes", "1024"));
        await client.CreateTopicAsync("others", 1, ("segment.bytes", "65536"));
        await client.CreateTopicAsync("fresh", 1);
        for (int i = 0; i < BatchesCount; i++)
        {
            Assert.Equal(i, (await client.ProduceAsync("orders", 0, Value("orders", i))).Receipt.BaseOffset);
            Assert.Equal(i, (await client.ProduceAsync("others", 0, Value("others", i))).Receipt.BaseOffset);
        }

        Assert.Equal(0, await server.StopAsync());
    }

    public TestDirectory Copy()
    {
        var copy = new TestDirectory();
        CopyTree(_directory.File("data"), copy.File("data"));
        return copy;
    }

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    internal static void CopyTree(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (string inner in Directory.GetDirectories(from))
            CopyTree(inner, Path.Combine(to, Path.GetFileName(inner)));
    }
}
