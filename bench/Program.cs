using Veza.Bench;

return args switch
{
    ["log", .. var rest] => await LogBench.RunAsync(new(rest)),
    ["log-growth", .. var rest] => await LogGrowthBench.RunAsync(new(rest)),
    ["feed", .. var rest] => await FeedBench.RunAsync(new(rest)),
    ["charts", .. var rest] => await ChartBench.RunAsync(new(rest)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        usage: ./veza bench log [--seconds N] [--rounds N] [--only NAME] [--analyst]    appending and reading, against two baselines;
                                                 --only the cases whose names hold NAME; --analyst leaves a transaction open
               ./veza bench log-growth [--millions 1,5,20] [--seconds N]  the same with more and more in the log
               ./veza bench feed [--seconds N]          a page of the feed of those who follow 5,000 accounts
               ./veza bench charts [--seconds N]        every chart, with a million plays of 10,000 tracks
        """);
    return 2;
}
