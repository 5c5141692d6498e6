using LogBroker.Protocol;

namespace LogBroker.Cluster.Tests;

/// <summary>What members ask for: names and regular expressions.</summary>
public sealed class GroupSubscriptionTests
{
    private readonly GroupScript _script = new(
        GroupScript.Topic("orders", 1),
        GroupScript.Topic("orders-eu", 1),
        GroupScript.Topic("my-orders", 1),
        GroupScript.Topic("__secret", 1));

    [Theory]
    [InlineData("orders", "orders/0")]
    [InlineData("orders.*", "orders-eu/0 orders/0")]
    [InlineData("orders|orders-eu", "orders-eu/0 orders/0")]
    [InlineData(".*orders", "my-orders/0 orders/0")]
    [InlineData(".*", "my-orders/0 orders-eu/0 orders/0")]
    [InlineData("(?i)ORDERS", "orders/0")]
    [InlineData("[a-z]{6}", "orders/0")]
    [InlineData("none", "")]
    public void AnExpressionMatchesWholeNamesThatAreNotInternal(string pattern, string expected)
    {
        Assert.Null(Ask(pattern));
        Assert.Equal(expected, string.Join(' ', _script.Told["a"].Topics.Select(t => t.ToString()).Order(StringComparer.Ordinal)));
    }

    [Theory]
    [InlineData("(", "does not parse")]
    [InlineData("a)|(b", "does not parse")]
    [InlineData("(?x)a#", "does not parse")]
    [InlineData(@"(a)\1", "is not allowed")]
    [InlineData("(?=a)a", "is not allowed")]
    [InlineData("(?<!a)b", "is not allowed")]
    [InlineData("(a{100}){100}", "repeats 10000 times")]
    [InlineData("((a{1,1000}){1,1000}){1,1000}", "repeats 1000000000 times")]
    [InlineData("a{99999999999}", "repeats")]
    public void AnExpressionThatIsWrongOrNotAllowedIsRefusedByName(string pattern, string problem)
    {
        BrokerError error = Ask(pattern)!;
        Assert.Equal(ErrorCode.InvalidSubscription, error.Code);
        Assert.Contains("topic_regex", error.Message, StringComparison.Ordinal);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        Assert.Equal(0, _script.Machine.MembersCount);
    }

    [Fact]
    public void AnExpressionHasAtMost256Bytes()
    {
        Assert.Null(Ask(new string('x', 256)));
        BrokerError error = Ask(new string('ü', 129))!;
        Assert.Equal(ErrorCode.InvalidSubscription, error.Code);
        Assert.Contains("258 > 256", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(a+)+b")]
    [InlineData("(a|aa)+b")]
    [InlineData("(.*)(.*)(.*)(.*)(.*)(.*)b")]
    [InlineData("(\\w{1,10}){1,10}b")]
    [InlineData("((\\w{1,5}){1,5}){1,4}b")]
    [InlineData("(a?){50}b")]
    [InlineData("\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?\\w?b")]
    [InlineData(".*a.{90}b.*")]
    public void NoExpressionTakesLong(string pattern)
    {
        var script = new GroupScript(
            [.. Enumerable.Range(0, 200).Select(i => GroupScript.Topic($"{i:000}" + new string('a', 240), 1))]);
        TimeSpan start = ThreadCpu.Now;
        Assert.Null(script.Join("a", j => j with { Topics = [], TopicRegex = pattern }));
        Assert.True(ThreadCpu.Now - start < TimeSpan.FromSeconds(3), $"{ThreadCpu.Now - start}");
    }

    [Fact]
    public void NamesAndExpressionAddUp()
    {
        _script.Join("a", j => j with { Topics = ["orders", "__secret", "later", "orders"], TopicRegex = "orders-.*" });
        Assert.Equal(3, _script.Told["a"].Partitions.Count);
        Assert.Equal(["__secret", "later", "orders"], _script.Machine.DescribeAt(0).Members[0].Facts.Topics);
        Assert.True(_script.Machine.IsSubscribedTo("later"));
        Assert.True(_script.Machine.IsSubscribedTo("orders-us"));
        Assert.False(_script.Machine.IsSubscribedTo("xorders-us"));
        Assert.False(_script.Machine.IsSubscribedTo("my-orders"));
    }

    [Fact]
    public void ATopicThatMatchesLaterIsPickedUp()
    {
        Ask("orders.*");
        _script.Topics = new GroupTopics([.. _script.Topics.All, GroupScript.Topic("orders-us", 2)]);
        _script.Apply(new GroupEvent.TopicsChanged());
        Assert.Equal(4, _script.Told["a"].Partitions.Count);
    }

    [Fact]
    public void ASubscriptionNamesSomethingAndNotTooMuch()
    {
        Assert.Equal(ErrorCode.InvalidSubscription, Ask("")!.Code);
        string[] many = [.. Enumerable.Range(0, 1_001).Select(i => $"t{i}")];
        BrokerError error = _script.Join("a", j => j with { Topics = many })!;
        Assert.Equal(ErrorCode.InvalidSubscription, error.Code);
        Assert.Contains("1001 > 1000", error.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.InvalidTopic, _script.Join("a", j => j with { Topics = ["a b"] })!.Code);
    }

    [Fact]
    public void AGroupHasSoManyExpressions()
    {
        var script = new GroupScript(new GroupLimits { RegexesPerGroupMax = 2, AssignmentIntervalMs = 0 });
        Assert.Null(script.Join("a", j => j with { TopicRegex = "x" }));
        Assert.Null(script.Join("b", j => j with { TopicRegex = "y" }));
        Assert.Null(script.Join("c", j => j with { TopicRegex = "y" }));
        Assert.Equal(ErrorCode.InvalidSubscription, script.Join("d", j => j with { TopicRegex = "z" })!.Code);
    }

    [Fact]
    public void AMemberThatComesBackMayAskForSomethingElse()
    {
        Ask("orders.*");
        int epoch = _script.Machine.Epoch;
        _script.Join("a", j => j with { MemberEpoch = 1, Held = _script.Told["a"].Partitions }, topic: "my-orders");
        Assert.Equal(epoch + 1, _script.Machine.Epoch);
        Assert.Empty(_script.Told["a"].Partitions);
        _script.Ack("a");
        Assert.Equal("my-orders/0", GroupScript.Show(_script.Told["a"].Topics));
    }

    private BrokerError? Ask(string pattern) => _script.Join("a", j => j with { Topics = [], TopicRegex = pattern });
}
