package main

import "strings"

// The traits of the matrix: each is a thing that real projects have, and that may keep a save from the fast path.

func packageInfo(b *blueprint) {
	b.files[javaDir+"Owned.java"] = "package com.example;\nimport java.lang.annotation.*;\n\n@Retention(RetentionPolicy.RUNTIME)\npublic @interface Owned {\n\n}\n"
	b.files[javaDir+"package-info.java"] = "@Owned\npackage com.example;\n"
	b.files[javaDir+"empty/package-info.java"] = "/** A package without an annotation, of which javac makes no class. */\npackage com.example.empty;\n"
	b.files[javaDir+"OwnedController.java"] = `package com.example;
import org.springframework.web.bind.annotation.*;

@RestController
public class OwnedController {

	@GetMapping("/owned")
	public String owned() {
		return "" + OwnedController.class.getPackage().isAnnotationPresent(Owned.class);
	}

}
`
	b.pages["/owned"] = "true"
}

// jvmOptions has a manifest with options for every JVM of its container, and more of them in a ConfigMap that only the
// cluster has.
func jvmOptions(b *blueprint) {
	b.configMaps["jvm"] = map[string]string{"JDK_JAVA_OPTIONS": "-XX:+UseG1GC"}
	b.files["pod.yaml"] = "apiVersion: v1\nkind: Pod\nmetadata: {name: " + b.name +
		"}\nspec:\n  containers:\n  - {name: app, image: " + b.name +
		", ports: [{containerPort: 8080}], envFrom: [{configMapRef: {name: jvm}}], env: [{name: JAVA_TOOL_OPTIONS, value: \"-Xms256m -Xmx256m -Dword=given\"}]}\n"
	b.files[javaDir+"OptionController.java"] = `package com.example;
import java.lang.management.ManagementFactory;
import org.springframework.web.bind.annotation.*;

@RestController
public class OptionController {

	@GetMapping("/option")
	public String option() {
		return System.getProperty("word") + " " + (Runtime.getRuntime().totalMemory() >> 20) + " " + ManagementFactory.getGarbageCollectorMXBeans().get(0).getName();
	}

}
`
	b.pages["/option"] = "given 256 G1 Young Generation"
}

func lombok(b *blueprint) {
	b.depend("org.projectlombok", "lombok", "")
	b.process("org.projectlombok", "lombok", "", "lombok.version")
	b.files[javaDir+"Order.java"] = "package com.example;\n\n@lombok.Data\n@lombok.AllArgsConstructor\npublic class Order {\n\n\tprivate String item;\n\n}\n"
	b.files[javaDir+"OrderController.java"] = `package com.example;
import org.springframework.web.bind.annotation.*;

@RestController
public class OrderController {

	@GetMapping("/order")
	public String order() {
		return new Order("tea").toString();
	}

}
`
	b.edits = append(b.edits, edit{"Lombok", javaDir + "Order.java", "String item", "String name", byRestart, "/order",
		"Order(name=tea)"})
}

// configurationMetadata has a processor that writes a resource.
func configurationMetadata(b *blueprint) {
	b.process("org.springframework.boot", "spring-boot-configuration-processor", "", "project.parent.version")
	b.files[javaDir+"Settings.java"] = `package com.example;
import org.springframework.boot.context.properties.ConfigurationProperties;

@ConfigurationProperties("matrix")
public class Settings {

	private String word = "none";

	public String getWord() {
		return word;
	}

	public void setWord(String word) {
		this.word = word;
	}

}
`
	b.files[javaDir+"SettingsController.java"] = `package com.example;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.web.bind.annotation.*;

@RestController
@EnableConfigurationProperties(Settings.class)
public class SettingsController {

	private final Settings settings;

	SettingsController(Settings settings) {
		this.settings = settings;
	}

	@GetMapping("/setting")
	public String setting() {
		return settings.getWord();
	}

}
`
	b.files[resourceDir+"application.yaml"] = "matrix:\n  word: first\n"
	b.edits = append(b.edits, edit{"metadata", javaDir + "Settings.java", `"none";`,
		"\"none\";\n\n\tprivate int number;\n\n\tpublic int getNumber() {\n\t\treturn number;\n\t}\n\n\tpublic void setNumber(int number) {\n\t\tthis.number = number;\n\t}", byRestart, "/setting", "first"},
		edit{"setting", resourceDir + "application.yaml", "first", "second", byRestart, "/setting", "second"})
}

// styleChecks has a check that fails the build for a missing newline at the end of a file.
func styleChecks(b *blueprint) {
	b.files["checkstyle.xml"] = `<?xml version="1.0"?>
<!DOCTYPE module PUBLIC "-//Checkstyle//DTD Checkstyle Configuration 1.3//EN" "https://checkstyle.org/dtds/configuration_1_3.dtd">
<module name="Checker"><module name="NewlineAtEndOfFile"/></module>
`
	b.plugins += `      <plugin><artifactId>maven-checkstyle-plugin</artifactId><version>3.6.0</version><executions><execution><phase>validate</phase><goals><goal>check</goal></goals>
        <configuration><configLocation>checkstyle.xml</configLocation></configuration></execution></executions></plugin>
      <plugin><groupId>org.jacoco</groupId><artifactId>jacoco-maven-plugin</artifactId><version>0.8.14</version>
        <executions><execution><goals><goal>prepare-agent</goal></goals></execution></executions></plugin>
`
}

func buildInfo(b *blueprint) {
	b.bootPlugin += "<executions><execution><goals><goal>build-info</goal></goals></execution></executions>"
	b.gradle += "\nspringBoot { buildInfo() }\n"
}

// moduleInfo makes the application a module. Spring's jars are automatic modules.
func moduleInfo(b *blueprint) {
	b.files["src/main/java/module-info.java"] = `open module com.example.app {
	requires spring.beans;
	requires spring.boot;
	requires spring.boot.autoconfigure;
	requires spring.context;
	requires spring.core;
	requires spring.web;
}
`
}

// mapStruct has a processor that writes a source.
func mapStruct(b *blueprint) {
	b.depend("org.mapstruct", "mapstruct", "1.6.3")
	b.process("org.mapstruct", "mapstruct-processor", "1.6.3", "")
	b.files[javaDir+"Tea.java"] = "package com.example;\n\npublic record Tea(String leaf) {\n}\n"
	b.files[javaDir+"Cup.java"] = "package com.example;\n\npublic record Cup(String leaf, String size) {\n}\n"
	b.files[javaDir+"TeaMapper.java"] = `package com.example;
import org.mapstruct.Mapper;
import org.mapstruct.Mapping;

@Mapper
public interface TeaMapper {

	@Mapping(target = "size", constant = "small")
	Cup cup(Tea tea);

}
`
	b.files[javaDir+"TeaController.java"] = `package com.example;
import org.mapstruct.factory.Mappers;
import org.springframework.web.bind.annotation.*;

@RestController
public class TeaController {

	@GetMapping("/tea")
	public String tea() {
		return Mappers.getMapper(TeaMapper.class).cup(new Tea("green")).toString();
	}

}
`
	b.edits = append(b.edits,
		edit{"mapping", javaDir + "TeaMapper.java", "small", "large", byRestart, "/tea", "Cup[leaf=green, size=large]"})
}

// mappedByLombok has MapStruct map classes of other packages, whose accessors Lombok writes.
func mappedByLombok(b *blueprint) {
	b.process("org.projectlombok", "lombok-mapstruct-binding", "0.2.0", "")
	b.files[javaDir+"from/Drink.java"] = "package com.example.from;\n\n@lombok.Data\npublic class Drink {\n\n\tprivate String color = \"red\";\n\n}\n"
	b.files[javaDir+"to/DrinkDto.java"] = "package com.example.to;\n\n@lombok.Data\npublic class DrinkDto {\n\n\tprivate String color;\n\n}\n"
	b.files[javaDir+"DrinkMapper.java"] = "package com.example;\n\n@org.mapstruct.Mapper\npublic interface DrinkMapper {\n\n\tcom.example.to.DrinkDto map(com.example.from.Drink drink);\n\n}\n"
	b.files[javaDir+"DrinkController.java"] = `package com.example;
import com.example.from.Drink;
import org.mapstruct.factory.Mappers;
import org.springframework.web.bind.annotation.*;

@RestController
public class DrinkController {

	@GetMapping("/drink")
	public String drink() {
		return Mappers.getMapper(DrinkMapper.class).map(new Drink()).toString();
	}

}
`
	b.edits = append(b.edits, edit{"a type that a mapper converts", javaDir + "from/Drink.java", `String color = "red"`,
		`Integer color = 7`, byRestart, "/drink", "DrinkDto(color=7)"})
}

// generatedSources has a source that the build writes.
func generatedSources(b *blueprint) {
	const words = `package com.example; class Words { static String word() { return \"made\"; } }`
	b.plugins += `      <plugin><artifactId>maven-antrun-plugin</artifactId><executions><execution><phase>generate-sources</phase><goals><goal>run</goal></goals><configuration><target>
        <echo file="${project.build.directory}/generated-sources/words/com/example/Words.java">` + strings.ReplaceAll(words, `\`, "") + `</echo></target></configuration></execution></executions></plugin>
      <plugin><groupId>org.codehaus.mojo</groupId><artifactId>build-helper-maven-plugin</artifactId><executions><execution><phase>generate-sources</phase><goals><goal>add-source</goal></goals>
        <configuration><sources><source>${project.build.directory}/generated-sources/words</source></sources></configuration></execution></executions></plugin>
`
	b.gradle += `
def words = tasks.register('words') {
    def dir = new File(buildDir, 'generated/words')
    outputs.dir(dir)
    doLast {
        def file = new File(dir, 'com/example/Words.java')
        file.parentFile.mkdirs()
        file.text = "` + words + `"
    }
}
sourceSets.main.java.srcDir(words)
`
	b.files[javaDir+"WordsController.java"] = `package com.example;
import org.springframework.web.bind.annotation.*;

@RestController
public class WordsController {

	@GetMapping("/words")
	public String words() {
		return Words.word() + " first";
	}

}
`
	b.edits = append(b.edits, edit{"beside a generated source", javaDir + "WordsController.java", "first", "second",
		bySwap, "/words", "made second"})
}

// filteredResources has settings with a value of the build.
func filteredResources(b *blueprint) {
	value := "@project.version@"
	if b.build != "maven" {
		value = "${version}"
		b.gradle += "\nprocessResources { filesMatching('**/application.properties') { expand(version: project.version) } }\n"
	}
	b.files[resourceDir+"application.properties"] = "app.version=" + value + "\napp.word=first\n"
	b.files[javaDir+"VersionController.java"] = `package com.example;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.web.bind.annotation.*;

@RestController
public class VersionController {

	@Value("${app.version} ${app.word}")
	private String version;

	@GetMapping("/version")
	public String version() {
		return version;
	}

}
`
	b.edits = append(b.edits, edit{"filtered", resourceDir + "application.properties", "first", "second", byRestart,
		"/version", "0.0.1-SNAPSHOT second"})
}

// gitProperties makes the project a git repository, and has the build write down the commit.
func gitProperties(b *blueprint) {
	b.repository = true
	b.files[".gitignore"] = "target/\nbuild/\n.gradle/\n"
	b.plugins += "      <plugin><groupId>io.github.git-commit-id</groupId><artifactId>git-commit-id-maven-plugin</artifactId></plugin>\n"
}

// preview uses a feature of Java 17 that was not yet final.
func preview(b *blueprint) {
	b.compiler += "<compilerArgs><arg>--enable-preview</arg></compilerArgs>"
	b.gradle += "\ntasks.withType(JavaCompile).configureEach { options.compilerArgs << '--enable-preview' }\n"
	b.files[javaDir+"PreviewController.java"] = `package com.example;
import org.springframework.web.bind.annotation.*;

@RestController
public class PreviewController {

	@GetMapping("/preview")
	public String preview() {
		Object o = "text";
		return switch (o) {
			case String s -> "a " + s;
			default -> "else";
		};
	}

}
`
	b.edits = append(b.edits,
		edit{"preview", javaDir + "PreviewController.java", `"a "`, `"the "`, bySwap, "/preview", "the text"})
}

// java25 has classes of Java 25, and a feature of it.
func java25(b *blueprint) {
	b.release = "25"
	b.files[javaDir+"LeafController.java"] = `package com.example;
import org.springframework.web.bind.annotation.*;

@RestController
public class LeafController {

	record Leaf(String name, int size) {}

	@GetMapping("/leaf")
	public String leaf() {
		Object o = new Leaf("oak", 3);
		return switch (o) {
			case Leaf(var name, var _) -> "a " + name;
			default -> "none";
		};
	}

}
`
	b.edits = append(b.edits,
		edit{"a pattern", javaDir + "LeafController.java", `"a "`, `"the "`, bySwap, "/leaf", "the oak"})
}

// otherNames gives the archive another name and a classifier.
func otherNames(b *blueprint) {
	b.extension += "<finalName>app</finalName>"
	b.bootPlugin += "<configuration><classifier>exec</classifier></configuration>"
	b.gradle += "\nbootJar {\n    archiveBaseName = 'app'\n    archiveClassifier = 'exec'\n}\n"
}

// thymeleaf has a template with a text in messages.properties.
func thymeleaf(b *blueprint) {
	b.depend("org.springframework.boot", "spring-boot-starter-thymeleaf", "")
	b.files[resourceDir+"messages.properties"] = "word=first\n"
	b.files[resourceDir+"templates/page.html"] = "<p>before</p><p th:text=\"#{word}\"></p>\n"
	b.files[javaDir+"PageController.java"] = `package com.example;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;

@Controller
public class PageController {

	@GetMapping("/page")
	public String page() {
		return "page";
	}

}
`
	b.edits = append(b.edits, edit{"template", resourceDir + "templates/page.html", "before", "after", byPages, "/page",
		"<p>after</p><p>first</p>"},
		edit{"message", resourceDir + "messages.properties", "first", "second", byPages, "/page",
			"<p>after</p><p>second</p>"})
}

// war packs a war with a page of its own.
func war(b *blueprint) {
	b.packaging = "war"
	b.dependencies += "    <dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-tomcat</artifactId><scope>provided</scope></dependency>\n"
	b.gradleDependencies += "    providedRuntime 'org.springframework.boot:spring-boot-starter-tomcat'\n"
	b.files["src/main/webapp/page.txt"] = "before\n"
	b.edits = append(b.edits,
		edit{"page of the war", "src/main/webapp/page.txt", "before", "after", byPages, "/page.txt", "after"})
}

// kotlin has a controller in Kotlin beside the ones in Java, one of which has a constant of Kotlin.
func kotlin(b *blueprint) {
	b.dependencies += "    <dependency><groupId>org.jetbrains.kotlin</groupId><artifactId>kotlin-stdlib</artifactId></dependency>\n"
	b.plugins += kotlinPlugin
	b.gradleClassPath += ", 'org.jetbrains.kotlin:kotlin-gradle-plugin:1.9.25'"
	b.gradlePlugins += "apply plugin: 'org.jetbrains.kotlin.jvm'\n"
	const file, caller = "src/main/kotlin/com/example/Greeting.kt", javaDir + "TextController.java"
	b.files[file] = greeting(`@GetMapping("/kotlin") fun say(): String = "one"`) + "const val TONE = \"low\"\n"
	b.files[caller] = `package com.example;
import org.springframework.web.bind.annotation.*;

@RestController
public class TextController {

	@GetMapping("/text")
	public String text() {
		return "first " + GreetingKt.TONE;
	}

}
`
	b.edits = append(b.edits, edit{"Kotlin", file, `"one"`, `"two"`, bySwap, "/kotlin", "two"},
		edit{"Java that names Kotlin", caller, `"first "`, `"second "`, bySwap, "/text", "second low"},
		edit{"a constant of Kotlin", file, `"low"`, `"high"`, byRestart, "/text", "second high"},
		edit{"Java that names it", caller, `"second "`, `"third "`, bySwap, "/text", "third high"})
}

// onlyKotlin has no Java, and Spring's compiler plugin.
func onlyKotlin(b *blueprint) {
	b.depend("org.jetbrains.kotlin", "kotlin-stdlib", "")
	b.depend("org.jetbrains.kotlin", "kotlin-reflect", "")
	b.plugins += strings.NewReplacer("<sourceDir>src/main/java</sourceDir>", "", "</executions>", `</executions><configuration><compilerPlugins><plugin>spring</plugin></compilerPlugins></configuration>
<dependencies><dependency><groupId>org.jetbrains.kotlin</groupId><artifactId>kotlin-maven-allopen</artifactId><version>${kotlin.version}</version></dependency></dependencies>`).Replace(kotlinPlugin)
	delete(b.files, javaDir+"Application.java")
	delete(b.files, javaDir+"AppController.java")
	const dir = "src/main/kotlin/com/example/"
	b.files[dir+"Application.kt"] = `package com.example
import org.springframework.boot.autoconfigure.SpringBootApplication
import org.springframework.boot.runApplication

@SpringBootApplication
class Application

fun main(args: Array<String>) { runApplication<Application>(*args) }
`
	b.files[dir+"AppController.kt"] = greeting(`@GetMapping("/") fun home() = "one"
@GetMapping("/named/{name}") fun named(@PathVariable name: String) = name`)
	for i := range 2 { // those of AppController
		b.edits[i].file = dir + "AppController.kt"
	}
	b.edits[0].before, b.edits[0].after = `"one"`, `"two"`
	b.edits[1].before, b.edits[1].after = `"two"`, `more(); fun more() = "three"`
}

// services has lists of services in both modules, which are read together.
func services(b *blueprint) {
	const core = "../core/src/main/"
	b.files[core+"java/com/example/core/Speaker.java"] = "package com.example.core;\n\npublic interface Speaker {\n\n\tString say();\n\n}\n"
	b.files[core+"java/com/example/core/CoreSpeaker.java"] = "package com.example.core;\n\npublic class CoreSpeaker implements Speaker {\n\n\tpublic String say() {\n\t\treturn \"core\";\n\t}\n\n}\n"
	b.files[core+"resources/META-INF/services/com.example.core.Speaker"] = "com.example.core.CoreSpeaker\n"
	b.files[javaDir+"WebSpeaker.java"] = "package com.example;\n\npublic class WebSpeaker implements com.example.core.Speaker {\n\n\tpublic String say() {\n\t\treturn \"web\";\n\t}\n\n}\n"
	b.files[resourceDir+"META-INF/services/com.example.core.Speaker"] = "com.example.WebSpeaker"
	b.files[javaDir+"SpeakerController.java"] = `package com.example;
import com.example.core.Speaker;
import org.springframework.web.bind.annotation.*;

@RestController
public class SpeakerController {

	@GetMapping("/speakers")
	public String speakers() {
		String all = "";
		for (Speaker speaker : java.util.ServiceLoader.load(Speaker.class, SpeakerController.class.getClassLoader())) {
			all += speaker.say() + " ";
		}
		return all;
	}

}
`
	b.edits = append(b.edits, edit{"a service of the other module", core + "java/com/example/core/CoreSpeaker.java",
		`"core"`, `"kernel"`, bySwap, "/speakers", "web kernel"})
}

// twoModules moves the application to a module, beside a library that it uses.
func twoModules(b *blueprint) {
	b.modules = true
	b.depend("com.example", "core", "${project.version}")
	b.gradleDependencies = "    " + b.implementation() + " project(':core')\n"
	b.files[javaDir+"CoreController.java"] = `package com.example;
import com.example.core.Word;
import org.springframework.web.bind.annotation.*;

@RestController
public class CoreController {

	@GetMapping("/core")
	public String core() {
		return Word.text();
	}

}
`
	b.edits = append(b.edits, edit{"other module", "../core/src/main/java/com/example/core/Word.java", `"one"`, `"two"`,
		bySwap, "/core", "two"})
}

// greeting is a controller in Kotlin.
func greeting(members string) string {
	return `package com.example
import org.springframework.web.bind.annotation.*
@RestController
class Greeting { ` + members + ` }
`
}

// kotlinPlugin compiles Kotlin beside Java, as Kotlin's documentation has it.
const kotlinPlugin = `<plugin><groupId>org.jetbrains.kotlin</groupId><artifactId>kotlin-maven-plugin</artifactId><executions><execution>
<id>compile</id><phase>process-sources</phase><goals><goal>compile</goal></goals><configuration><sourceDirs>
<sourceDir>src/main/kotlin</sourceDir><sourceDir>src/main/java</sourceDir></sourceDirs></configuration></execution></executions></plugin>`
