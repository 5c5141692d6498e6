namespace LogBroker.Client.Tests;

public sealed class ReadmeTests
{
    [Fact]
    public void TheCodeOfTheReadmeIsTheCodeThatCompiles()
    {
        string root = RepositoryRoot();
        string[] readme = File.ReadAllLines(Path.Combine(root, "client", "LogBroker.Client", "README.md"));
        string[] code = File.ReadAllLines(Path.Combine(root, "tests", "LogBroker.Client.Tests", "ReadmeSnippets.cs"));
        string[] shown = [.. Blocks(readme, "```csharp", "```")];
        Assert.NotEmpty(shown);
        Assert.Equal(Blocks(code, "// snippet", "// end"), shown);
    }

    [Fact]
    public async Task TheProducingSnippetDoesWhatItSays()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("orders", 2));
        await using LogBrokerClient client = Clients.Of(broker);
        await ReadmeSnippets.ProduceAsync(client);
        Assert.Equal(100_000, broker.Partitions("orders").Sum(p => p.End));
        await ReadmeSnippets.JsonAsync(client);
        List<ConsumedRecord> last = await client.ReadAsync("orders", Position.BeforeEnd(2), Position.End)
            .Where(r => r.Key is not null).Select(r => r.Copy()).ToListAsync();
        Assert.Equal("""{"Count":2,"What":"coffee"}"""u8.ToArray(), last[0].Value!.Value.ToArray());
        Assert.Null(last[1].Value);
    }

    [Fact]
    public async Task TheSnippetsOfGroupsAndTablesDoWhatTheySay()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("orders", 2));
        await using LogBrokerClient client = Clients.Of(broker);
        await ConsumerRun.ProduceAsync(client, 0, 10, topic: "orders");
        using var stop = new CancellationTokenSource();
        Task consuming = ReadmeSnippets.ConsumeAsync(client, stop.Token);
        Task batches = ReadmeSnippets.ConsumeBatchesAsync(client, stop.Token);
        await Clients.UntilAsync(() => broker.Groups.Look("billing", static g => g.Members.Count) == 2);
        await Clients.UntilAsync(() => broker.Groups.CommittedOf("billing", "orders") == 10 || broker.Groups.CommitsSeen > 0);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => consuming);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => batches);
        Assert.Equal(10, broker.Groups.CommittedOf("billing", "orders"));
        await ReadmeSnippets.GroupsAsync(client);
        await ReadmeSnippets.TablesAsync(client);
        Assert.Single(broker.Partition("stock").Values());
    }

    /// <summary>The lines between two marks, each block as one text without indentation.</summary>
    private static IEnumerable<string> Blocks(string[] lines, string begin, string end)
    {
        List<string>? block = null;
        foreach (string line in lines)
        {
            string text = line.Trim();
            if (text == begin)
            {
                block = [];
            }
            else if (text == end && block is not null)
            {
                yield return string.Join('\n', block.Select(l => l.Trim())).Trim();
                block = null;
            }
            else
            {
                block?.Add(line);
            }
        }
    }

    private static string RepositoryRoot()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "LogBroker.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("the repository's root was not found");
    }
}
